export { type ResolutionReason, type CompiledFlag, compileFlag, type FlagResolution } from './compile-flag';
export {
  flagSetMetadata,
  isFrozenMetadata,
  mergeMetadata,
  ownMetadata,
  readDefinitionMetadata,
  readMetadata,
  withFlatMetadata,
} from './flag-metadata';
export { isolateFlag, isJsonObject, type JsonObject, MalformedFlag, quoted } from './malformed-flag';
export { murmur3 } from './murmur3';
export { FlagsShapeError } from './flag-forms';
export { type FlagMap, normalizeFlag, normalizeFlags, readDefinitions } from './normalize-flags';
export { servedDefinition } from './served-definition';
export { CompiledDefinitions, type MetadataProblem } from './compiled-definitions';
