export { BindingSource } from './binding';
export { flagJson, serializableFlags } from './flag-digest';
export {
  type CacheStats,
  type CircuitStats,
  type DefinitionsStats,
  type FlagSource,
  type Resolution,
  type SourceListener,
  type SourceStats,
} from './flag-source';
export { MetadataReader } from './metadata-reader';
export { PollingSource } from './polling';
export { RemoteSource } from './remote';
export { SafeListener } from './safe-listener';
export { flagsOf, FlagsFile, LastGoodFlags, StaticSource } from './static';
