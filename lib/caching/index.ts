export { SharedCache } from './shared-cache';
export { CachingSource } from './caching-source';
export { ContextDigest } from './context-digest';
export { canonicalContext } from './canonical-context';
export { copyValue } from './copy-value';
