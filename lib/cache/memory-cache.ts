import { LRUCache } from 'lru-cache';
import { type FlagshipError } from '../errors';
import { type FlagType, type JsonValue } from '../options';
import { type Attributes, ContextSnapshot, questionHash } from './context-snapshot';
import { textSize, valueSize } from './memory-size';

/** What is remembered of an answer. */
export interface CachedAnswer {
  readonly value: JsonValue;
  readonly variant: string | undefined;
  readonly reason: 'CACHED';
  /** There is no such flag; value and variant say nothing then. */
  readonly missing: FlagshipError | undefined;
}

/** A question as it was asked: whose answer is kept, and where. */
export interface AskedQuestion {
  readonly hash: number;
  readonly flagKey: string;
  readonly type: FlagType;
  readonly context: ContextSnapshot;
}

interface Entry {
  readonly question: AskedQuestion;
  readonly answer: CachedAnswer;
  /** When it is too old even for a time without fresh answers. */
  readonly uselessAt: number;
}

/** What an entry takes besides its flag's key, its context and its value, in bytes. */
const ENTRY = 700;
/** What an error takes, with its stack. */
const ERROR = 3000;

function entrySize({ flagKey, context }: AskedQuestion, { value, variant, missing }: CachedAnswer): number {
  const content = textSize(flagKey) + context.size + valueSize(value) + textSize(variant ?? '');
  return ENTRY + content + (missing === undefined ? 0 : ERROR + textSize(missing.message));
}

/** Is it the same question, and not only one of the same number? */
export function isSameQuestion(
  one: AskedQuestion,
  flagKey: string,
  type: string,
  context: Attributes,
): boolean {
  return one.flagKey === flagKey && one.type === type && one.context.equals(context);
}

/** The question as it is now; its context may change before there is an answer. */
export function askedQuestion(flagKey: string, type: FlagType, context: Attributes): AskedQuestion {
  const hash = questionHash(flagKey, type, context);
  return { hash, flagKey, type, context: new ContextSnapshot(context) };
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
  get(flagKey: string, type: string, context: Attributes): CachedAnswer | undefined {
    const entry = this.entries.get(questionHash(flagKey, type, context));
    if (entry === undefined) return undefined;
    return isSameQuestion(entry.question, flagKey, type, context) ? entry.answer : undefined;
  }

  /** The answer that is no longer fresh, but better than none. */
  stale({ hash, flagKey, type }: AskedQuestion, context: Attributes): CachedAnswer | undefined {
    if (!this.keepsStale) return undefined;
    const entry = this.entries.get(hash, { allowStale: true });
    if (entry === undefined || !isSameQuestion(entry.question, flagKey, type, context)) return undefined;
    if (entry.answer.missing === undefined && performance.now() < entry.uselessAt) return entry.answer;
    this.entries.delete(hash);
    return undefined;
  }

  /**
   * Two questions of one number, which hardly happens: the later one keeps the place.
   *
   * @param freshFor How long the answer is served without asking, in milliseconds; 0 for one that is stale already.
   * @param usefulFor How long it is of use at all.
   */
  set(question: AskedQuestion, answer: CachedAnswer, freshFor: number, usefulFor: number): void {
    const now = performance.now();
    // The library takes whole milliseconds only, and no less than one.
    const ttl = Math.max(1, Math.ceil(freshFor));
    const start = freshFor > 0 ? now : now - 10 * ttl;
    const size = entrySize(question, answer);
    this.entries.set(question.hash, { question, answer, uselessAt: now + usefulFor }, { ttl, start, size });
  }

  /** What was kept does not hold any more. */
  forget({ hash }: AskedQuestion): void {
    this.entries.delete(hash);
  }

  clear(): void {
    this.entries.clear();
  }
}
