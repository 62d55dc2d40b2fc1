export { type ContextAttributes, type FlagSource, type Resolution } from './flag-source';
export { RemoteSource } from './remote-source';
export { FlagsFile, type FlagMap } from './flags-file';
export { isPlainObject } from './plain-object';
