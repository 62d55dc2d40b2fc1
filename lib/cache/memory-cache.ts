import { LRUCache } from 'lru-cache';
import { type JsonValue } from '../options';
import { type Attributes, ContextSnapshot, questionHash } from './context-snapshot';

/** What is remembered of an answer. */
export interface CachedAnswer {
  readonly value: JsonValue;
  readonly variant?: string;
  readonly reason: 'CACHED';
}

/** A question as it was asked: whose answer is kept, and where. */
export interface AskedQuestion {
  readonly hash: number;
  readonly flagKey: string;
  readonly type: string;
  readonly context: ContextSnapshot;
}

interface Entry {
  readonly question: AskedQuestion;
  readonly answer: CachedAnswer;
}

/**
 * Answers in memory, for a time, up to a number. Found by a number and then compared: building a text of the whole
 * context, and looking that up, would cost several times as much.
 */
export class MemoryCache {
  private readonly entries: LRUCache<number, Entry>;

  /**
   * @param ttl How long an answer is kept, in milliseconds.
   * @param maxSize How many are kept; the least recently used goes first.
   */
  constructor(ttl: number, maxSize: number) {
    // The library takes whole milliseconds only.
    this.entries = new LRUCache({ max: maxSize, ttl: Math.ceil(ttl) });
  }

  get(flagKey: string, type: string, context: Attributes): CachedAnswer | undefined {
    const entry = this.entries.get(questionHash(flagKey, type, context));
    if (entry === undefined) return undefined;
    const { question, answer } = entry;
    const isSame = question.flagKey === flagKey && question.type === type && question.context.equals(context);
    return isSame ? answer : undefined;
  }

  /** The question as it is now; its context may change before there is an answer. */
  question(flagKey: string, type: string, context: Attributes): AskedQuestion {
    const hash = questionHash(flagKey, type, context);
    return { hash, flagKey, type, context: new ContextSnapshot(context) };
  }

  /** Two questions of one number, which hardly happens: the later one keeps the place. */
  set(question: AskedQuestion, answer: CachedAnswer): void {
    this.entries.set(question.hash, { question, answer });
  }

  clear(): void {
    this.entries.clear();
  }
}
