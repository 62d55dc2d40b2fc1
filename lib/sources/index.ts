export { createSource } from './create-source';
export { flagsOf } from './fixed-source';
export {
  type CircuitStats,
  type DefinitionsStats,
  type ContextAttributes,
  type FlagSource,
  type Resolution,
  type SourceListener,
  type SourceStats,
} from './flag-source';
export { flagJson, writableFlags } from './fingerprint';
export { FlagsFile } from './flags-file';
export { LastGoodFlags } from './last-good-flags';
export { isPlainObject } from './plain-object';
