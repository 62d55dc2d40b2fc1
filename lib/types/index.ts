export { isOrdinaryName, shownName } from './attribute-name';
export { CONTEXT_LIMITS, readError } from './context-limits';
export {
  type Attributes,
  attributesOf,
  checkedContext,
  copyContext,
  isKept,
  keptContext,
  NO_ATTRIBUTES,
} from './copy-context';
export { keyProblem } from './flag-key';
export { ownCopy } from './own-copy';
export { isPlainObject } from './plain-object';
export { subjectId } from './subject-id';
