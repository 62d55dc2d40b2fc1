export { type Attributes } from './attribute';
export { type AnswerReason, type CompiledFlag, compileFlag, type FlagAnswer } from './compile-flag';
export { forOneFlag, isObject, type JsonObject, MalformedFlag, quoted } from './malformed-flag';
export { murmur3 } from './murmur3';
export { type FlagMap, normalizeFlag, normalizeFlags, FlagsShapeError } from './normalize-flags';
export { Ruleset } from './ruleset';
