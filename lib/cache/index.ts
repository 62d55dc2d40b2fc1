export { SharedCache } from './answer-store';
export { type CacheCounts, CachingSource } from './answers';
export { ContextDigest } from './context-digest';
export { canonicalContext } from './context-key';
export { copyValue } from './copy-value';
