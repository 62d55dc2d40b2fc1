export { type Attributes } from './attribute';
export { type AnswerReason, compileFlag, type FlagAnswer } from './compile-flag';
export { isObject, type JsonObject, MalformedFlag } from './malformed-flag';
export { murmur3 } from './murmur3';
export { normalizeFlags, FlagsShapeError } from './normalize-flags';
export { Ruleset } from './ruleset';
