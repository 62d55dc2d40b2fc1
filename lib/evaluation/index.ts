export { type Attributes } from './attribute';
export { type AnswerReason, type CompiledFlag, compileFlag, type FlagAnswer } from './compile-flag';
export { isObject, type JsonObject, MalformedFlag } from './malformed-flag';
export { murmur3 } from './murmur3';
export { normalizeFlag, normalizeFlags, FlagsShapeError } from './normalize-flags';
export { Ruleset } from './ruleset';
