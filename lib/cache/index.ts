export { contextKey } from './context-key';
export { copyValue } from './copy-value';
export { type AskedQuestion, type CachedAnswer, MemoryCache } from './memory-cache';
