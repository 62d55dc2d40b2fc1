export { createSource } from './create-source';
export { flagsOf, FlagsFile, LastGoodFlags } from './static';
export {
  type CircuitStats,
  type DefinitionsStats,
  type ContextAttributes,
  type FlagSource,
  type Resolution,
  type SourceListener,
  type SourceStats,
} from './flag-source';
export { flagJson, writableFlags } from './flag-digest';
