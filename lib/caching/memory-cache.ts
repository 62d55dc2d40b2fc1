import { LRUCache } from 'lru-cache';
import { type FlagshipError } from '../errors';
import { type FlagType, type JsonValue } from '../options';
import { type Attributes, ContextKey, cacheHash } from './context-key';
import { textSize, valueSize } from './memory-size';

/** What is remembered of an answer. */
export interface CachedResolution {
  readonly value: JsonValue;
  readonly variant: string | undefined;
  readonly reason: 'CACHED';
  /** There is no such flag; value and variant say nothing then. */
  readonly notFound: FlagshipError | undefined;
}

/** A key as it was asked: whose answer is kept, and where. */
export interface CacheKey {
  readonly hash: number;
  readonly flagKey: string;
  readonly type: FlagType;
  readonly context: ContextKey;
}

interface Entry {
  readonly key: CacheKey;
  readonly answer: CachedResolution;
  /** When it is too old even for a time without fresh answers. */
  readonly expiresAt: number;
}

/** What an entry takes besides its flag's key, its context and its value, in bytes. */
const ENTRY_BYTES = 700;
/** What an error takes, with its stack. */
const ERROR_BYTES = 3000;

function entrySize({ flagKey, context }: CacheKey, { value, variant, notFound }: CachedResolution): number {
  const content = textSize(flagKey) + context.size + valueSize(value) + textSize(variant ?? '');
  return ENTRY_BYTES + content + (notFound === undefined ? 0 : ERROR_BYTES + textSize(notFound.message));
}

/** Is it the same key, and not only one of the same number? */
export function isSameKey(one: CacheKey, flagKey: string, type: string, context: Attributes): boolean {
  return one.flagKey === flagKey && one.type === type && one.context.equals(context);
}

/** The key as it is now; its context may change before there is an answer. */
export function cacheKey(flagKey: string, type: FlagType, context: Attributes): CacheKey {
  const hash = cacheHash(flagKey, type, context);
  return { hash, flagKey, type, context: new ContextKey(context) };
}

/**
 * Answers in memory, for a time, up to a number and up to a size. Found by a number and then compared: building a text of the whole
 * context, and looking that up, would cost several times as much.
 */
export class MemoryCache {
  private readonly entries: LRUCache<number, Entry>;

  /**
   * @param maxSize How many are kept; the least recently used goes first.
   * @param maxBytes How much memory they may take, as far as it can be estimated; an answer that is larger by itself is
   * not kept.
   * @param keepsStale Are answers of use when they are no longer fresh?
   */
  constructor(
    maxSize: number,
    maxBytes: number,
    private readonly keepsStale: boolean,
  ) {
    // Each entry brings its own time to live; the library asks for one here to keep track of any.
    this.entries = new LRUCache({ max: maxSize, maxSize: maxBytes, ttl: 1, noDeleteOnStaleGet: keepsStale });
  }

  get size(): number {
    return this.entries.size;
  }

  /** The answer, while it is fresh. */
  get(flagKey: string, type: string, context: Attributes): CachedResolution | undefined {
    const entry = this.entries.get(cacheHash(flagKey, type, context));
    if (entry === undefined) return undefined;
    return isSameKey(entry.key, flagKey, type, context) ? entry.answer : undefined;
  }

  /** The answer that is no longer fresh, but better than none. */
  stale({ hash, flagKey, type }: CacheKey, context: Attributes): CachedResolution | undefined {
    if (!this.keepsStale) return undefined;
    const entry = this.entries.get(hash, { allowStale: true });
    if (entry === undefined || !isSameKey(entry.key, flagKey, type, context)) return undefined;
    if (entry.answer.notFound === undefined && performance.now() < entry.expiresAt) return entry.answer;
    this.entries.delete(hash);
    return undefined;
  }

  /**
   * Two questions of one number, which hardly happens: the later one keeps the place.
   *
   * @param freshFor How long the answer is served without asking, in milliseconds; 0 for one that is stale already.
   * @param usefulFor How long it is of use at all.
   */
  set(key: CacheKey, answer: CachedResolution, freshFor: number, usefulFor: number): void {
    const now = performance.now();
    // The library takes whole milliseconds only, and no less than one.
    const ttl = Math.max(1, Math.ceil(freshFor));
    const start = freshFor > 0 ? now : now - 10 * ttl;
    const size = entrySize(key, answer);
    this.entries.set(key.hash, { key, answer, expiresAt: now + usefulFor }, { ttl, start, size });
  }

  /** What was kept does not hold any more. */
  delete({ hash }: CacheKey): void {
    this.entries.delete(hash);
  }

  clear(): void {
    this.entries.clear();
  }
}
