export { isOrdinaryName, redactedName } from './attribute-name';
export { type Attributes, attributesOf } from './attributes';
export { CONTEXT_LIMITS, contextReadError } from './context-limits';
export { copyContext, freezeContext, isLastValidated, NO_ATTRIBUTES, validateContext } from './copy-context';
export {
  type AttributeCondition,
  type Condition,
  type ConditionOperator,
  type Definitions,
  type FlagDefinition,
  type FlagList,
  type FlagMetadata,
  type FlagsInput,
  type LogicalCondition,
  type Rollout,
  type Rule,
} from './definitions';
export { keyProblem } from './flag-key';
export { jsonCopy } from './json-copy';
export { type JsonValue } from './json-value';
export { isObject } from './is-object';
export { ownCopy } from './own-copy';
export { parseJson, withoutByteOrderMark } from './parse-json';
export { isPlainObject } from './plain-object';
export { readQueryValue } from './query-value';
export { toTargetingKey } from './targeting-key';
