export { isOrdinaryName, shownName } from './attribute-name';
export { CONTEXT_LIMITS, contextReadError } from './context-limits';
export {
  type Attributes,
  attributesOf,
  validateContext,
  copyContext,
  isKnownFrozen,
  freezeContext,
  NO_ATTRIBUTES,
} from './copy-context';
export { keyProblem } from './flag-key';
export { ownCopy } from './own-copy';
export { isPlainObject } from './plain-object';
export { toTargetingKey } from './targeting-key';
