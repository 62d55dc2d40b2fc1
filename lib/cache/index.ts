export { AnswerStore } from './answer-store';
export { type AnswerCounts, Answers } from './answers';
export { ContextDigest } from './context-digest';
export { contextKey } from './context-key';
export { copyValue } from './copy-value';
