import { LRUCache } from 'lru-cache';
import { type JsonValue } from '../options';
import { contextKey } from './context-key';

/** What is remembered of an answer. */
export interface CachedAnswer {
  readonly value: JsonValue;
  readonly variant?: string;
  readonly reason: 'CACHED';
}

/** Answers in memory, for a time, up to a number. */
export class MemoryCache {
  private readonly answers: LRUCache<string, CachedAnswer>;
  private lastContext: object | undefined;
  private lastKey = '';

  /**
   * @param ttl How long an answer is kept, in milliseconds.
   * @param maxSize How many are kept; the least recently used goes first.
   */
  constructor(ttl: number, maxSize: number) {
    // The library takes whole milliseconds only.
    this.answers = new LRUCache({ max: maxSize, ttl: Math.ceil(ttl) });
  }

  key(flagKey: string, type: string, context: Readonly<Record<string, unknown>>): string {
    return `${type}${flagKey.length}:${flagKey}${this.keyOf(context)}`;
  }

  /** A request asks for several flags with one context; one that can no longer change need not be read again. */
  private keyOf(context: Readonly<Record<string, unknown>>): string {
    if (context === this.lastContext) return this.lastKey;
    const key = contextKey(context);
    if (Object.isFrozen(context) && Object.values(context).every((value) => typeof value !== 'object')) {
      this.lastContext = context;
      this.lastKey = key;
    }
    return key;
  }

  get(key: string): CachedAnswer | undefined {
    return this.answers.get(key);
  }

  set(key: string, answer: CachedAnswer): void {
    this.answers.set(key, answer);
  }

  clear(): void {
    this.answers.clear();
    this.lastContext = undefined;
  }
}
