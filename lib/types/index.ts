export { isOrdinaryName, shownName } from './attribute-name';
export { type Attributes, attributesOf } from './attributes';
export { CONTEXT_LIMITS, contextReadError } from './context-limits';
export { copyContext, freezeContext, isKnownFrozen, NO_ATTRIBUTES, validateContext } from './copy-context';
export { keyProblem } from './flag-key';
export { isObject } from './is-object';
export { ownCopy } from './own-copy';
export { isPlainObject } from './plain-object';
export { toTargetingKey } from './targeting-key';
