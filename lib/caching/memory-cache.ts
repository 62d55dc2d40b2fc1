import { LRUCache } from 'lru-cache';
import { type FlagshipError } from '../errors';
import { type FlagType, type JsonValue } from '../options';
import { type Attributes, type FlagMetadata } from '../types';
import { ContextKey, cacheHash } from './context-key';
import { textSize, valueSize } from './memory-size';

/** The part of a resolution that is cached. */
export interface CachedResolution {
  readonly value: JsonValue;
  readonly variant: string | undefined;
  readonly reason: 'CACHED';
  readonly metadata?: FlagMetadata;
  /** The error, if Flagship responded that the flag does not exist. Value and variant have no meaning then. */
  readonly notFound: FlagshipError | undefined;
}

/** A cache key: flag, type and context of an evaluation, and their hash. */
export interface CacheKey {
  readonly hash: number;
  readonly flagKey: string;
  readonly type: FlagType;
  readonly context: ContextKey;
}

interface Entry {
  readonly key: CacheKey;
  readonly resolution: CachedResolution;
  /** When it becomes too old to be served as stale, by the monotonic clock. */
  readonly expiresAt: number;
}

/** The bytes of an entry besides the flag's key, the context and the value. */
const ENTRY_BYTES = 700;
/** The bytes of an error with its stack. */
const ERROR_BYTES = 3000;

function entrySize(
  { flagKey, context }: CacheKey,
  { value, variant, metadata, notFound }: CachedResolution,
): number {
  const content =
    textSize(flagKey) +
    context.size +
    valueSize(value) +
    textSize(variant ?? '') +
    (metadata === undefined ? 0 : valueSize(metadata));
  return ENTRY_BYTES + content + (notFound === undefined ? 0 : ERROR_BYTES + textSize(notFound.message));
}

/** Whether a cache key is for this flag, type and context; an equal hash does not prove it. */
export function isSameKey(one: CacheKey, flagKey: string, type: string, context: Attributes): boolean {
  return one.flagKey === flagKey && one.type === type && one.context.equals(context);
}

/** Returns the cache key of an evaluation. It copies the context, which the caller may change before the resolution. */
export function cacheKey(flagKey: string, type: FlagType, context: Attributes): CacheKey {
  const hash = cacheHash(flagKey, type, context);
  return { hash, flagKey, type, context: new ContextKey(context) };
}

/**
 * Keeps resolutions in memory, limited in time, number and bytes. An entry is found by the hash of its key and then
 * compared, which is several times faster than a lookup by the canonical text of the context.
 */
export class MemoryCache {
  private readonly entries: LRUCache<number, Entry>;

  /**
   * @param maxSize The largest number of entries. The least recently used one is removed first.
   * @param maxBytes The largest estimated memory of all entries. A single entry that is larger is not kept.
   * @param keepsStale Whether entries are kept when they are no longer fresh.
   */
  constructor(
    maxSize: number,
    maxBytes: number,
    private readonly keepsStale: boolean,
  ) {
    // Each entry has its own TTL. The default makes lru-cache allocate its lists of TTLs now, not at the first entry.
    this.entries = new LRUCache({ max: maxSize, maxSize: maxBytes, ttl: 1, noDeleteOnStaleGet: keepsStale });
  }

  get size(): number {
    return this.entries.size;
  }

  /** Returns the fresh resolution of an evaluation, if there is one. */
  get(flagKey: string, type: string, context: Attributes): CachedResolution | undefined {
    const entry = this.entries.get(cacheHash(flagKey, type, context));
    if (entry === undefined) return undefined;
    return isSameKey(entry.key, flagKey, type, context) ? entry.resolution : undefined;
  }

  /** Returns a resolution that is no longer fresh, if there is one that may still be served. */
  stale({ hash, flagKey, type }: CacheKey, context: Attributes): CachedResolution | undefined {
    if (!this.keepsStale) return undefined;
    const entry = this.entries.get(hash, { allowStale: true });
    if (entry === undefined || !isSameKey(entry.key, flagKey, type, context)) return undefined;
    if (entry.resolution.notFound === undefined && performance.now() < entry.expiresAt)
      return entry.resolution;
    this.entries.delete(hash);
    return undefined;
  }

  /**
   * Keeps a resolution. If the hashes of two keys collide, which is rare, the later entry replaces the earlier one.
   *
   * @param freshMs How long the resolution is fresh, in milliseconds; 0 if it is stale already.
   * @param lifetimeMs How long it may be served at all, in milliseconds.
   */
  set(key: CacheKey, resolution: CachedResolution, freshMs: number, lifetimeMs: number): void {
    const now = performance.now();
    // lru-cache accepts only whole milliseconds, from 1.
    const ttl = Math.max(1, Math.ceil(freshMs));
    const start = freshMs > 0 ? now : now - 10 * ttl;
    const size = entrySize(key, resolution);
    this.entries.set(key.hash, { key, resolution, expiresAt: now + lifetimeMs }, { ttl, start, size });
  }

  /** Removes an entry, because its resolution is wrong now. */
  delete({ hash }: CacheKey): void {
    this.entries.delete(hash);
  }

  clear(): void {
    this.entries.clear();
  }
}
