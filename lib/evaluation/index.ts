export { type ResolutionReason, type CompiledFlag, compileFlag, type FlagResolution } from './compile-flag';
export { isolateFlag, isJsonObject, type JsonObject, MalformedFlag, quoted } from './malformed-flag';
export { murmur3 } from './murmur3';
export { type FlagMap, normalizeFlag, normalizeFlags, FlagsShapeError } from './normalize-flags';
export { CompiledDefinitions } from './compiled-definitions';
