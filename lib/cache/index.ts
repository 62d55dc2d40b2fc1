export { AnswerStore } from './answer-store';
export { type AnswerCounts, Answers } from './answers';
export { contextKey } from './context-key';
export { copyValue } from './copy-value';
