import { type EvaluationContext, type EvaluationDetails, type FlagValue } from '@openfeature/server-sdk';
import { canonicalContext } from '../../caching';
import { type FlagType } from '../../options';
import { type MemoEntry } from './memo-entry';
import { approximateBytes } from './approximate-bytes';

/** The contexts that an evaluation merges. Compared by identity, which is what makes the usual look-up cheap. */
export interface ContextParts {
  readonly api: EvaluationContext;
  readonly transaction: EvaluationContext;
  readonly client: EvaluationContext;
}

/** How many contexts are remembered. A scope that lives long (a job over all users) must not grow without end. */
const MAX_CONTEXTS = 1000;
/** How much is remembered, roughly, in bytes of memory. */
const MAX_BYTES = 1_000_000;
/** How much more than needed is forgotten at once of a single context. */
const FREED_BYTES = MAX_BYTES / 4;
/** What an answer takes beside its key and its value: its promise, its details, its place in a map. */
const ENTRY_BYTES = 500;

/** What of an answer can be large. */
type Weighed = Partial<
  Pick<EvaluationDetails<FlagValue>, 'value' | 'variant' | 'errorMessage' | 'flagMetadata'>
>;

function detailsBytes({ value, variant = '', errorMessage = '', flagMetadata }: Weighed): number {
  const metadata = flagMetadata === undefined ? 0 : approximateBytes(flagMetadata, MAX_BYTES);
  return approximateBytes(value, MAX_BYTES) + 2 * (variant.length + errorMessage.length) + metadata;
}

/** What the flags answered for one evaluation context, by type and key. */
export class ContextMemo {
  /** What they take in memory. */
  bytes = 0;
  /** Whether they are no longer looked up. */
  isDropped = false;
  private readonly byType: Partial<Record<FlagType, Map<string, MemoEntry>>> = {};

  get(type: FlagType, flagKey: string): MemoEntry | undefined {
    return this.byType[type]?.get(flagKey);
  }

  set(type: FlagType, flagKey: string, answer: MemoEntry): void {
    (this.byType[type] ??= new Map<string, MemoEntry>()).set(flagKey, answer);
  }

  /**
   * Forgets answers, the oldest first, until so many bytes are free.
   *
   * @param latest Stays, as do those that are still under way.
   * @returns How many bytes have become free.
   */
  free(bytes: number, latest: MemoEntry): number {
    let freed = 0;
    for (const answers of Object.values(this.byType)) {
      for (const [flagKey, answer] of answers) {
        if (freed >= bytes) return freed;
        if (answer === latest || answer.bytes === 0) continue;
        answers.delete(flagKey);
        freed += answer.bytes;
      }
    }
    return freed;
  }
}

interface Base extends ContextParts {
  readonly merged: EvaluationContext;
  readonly answers: ContextMemo;
  /** Whether the answers are also indexed by the context's content. */
  isIndexed: boolean;
}

/** What flags have answered within a scope, context by context. */
export class EvaluationMemo {
  private base: Base | undefined;
  private byContext: Map<string, ContextMemo> | undefined;
  private bytes = 0;

  /** The merged context and its answers for evaluations that bring no context of their own. */
  forParts(parts: ContextParts, merge: () => EvaluationContext): Pick<Base, 'merged' | 'answers'> {
    const { base } = this;
    if (base?.api === parts.api && base.transaction === parts.transaction && base.client === parts.client)
      return base;
    const merged = merge();
    // The first context is indexed only when there is a second one: its key costs more than the look-up.
    const isIndexed = base !== undefined || this.byContext !== undefined;
    const answers = isIndexed ? this.forContext(merged) : new ContextMemo();
    // Not spread: adding to an object made by spreading is slow.
    const { api, transaction, client } = parts;
    const fresh: Base = { api, transaction, client, merged, answers, isIndexed };
    this.base = fresh;
    return fresh;
  }

  /** The answers for a whole merged context. */
  forContext(merged: EvaluationContext): ContextMemo {
    this.indexBase();
    const key = canonicalContext(merged);
    return this.byContext?.get(key) ?? this.index(key, new ContextMemo());
  }

  /** Counts what a settled answer takes, and forgets the oldest contexts where all of them take too much. */
  weigh(answers: ContextMemo, flagKey: string, answer: MemoEntry, details: Weighed): void {
    answer.bytes = ENTRY_BYTES + 2 * flagKey.length + detailsBytes(details);
    this.grow(answers, answer.bytes);
    if (this.bytes <= MAX_BYTES) return;
    this.dropOldest(answers);
    for (const last of [this.base?.answers, answers]) {
      // Rarely, and many at a time: what one context alone takes is too much.
      if (last !== undefined && this.bytes > MAX_BYTES)
        this.grow(last, -last.free(this.bytes - MAX_BYTES + FREED_BYTES, answer));
    }
  }

  private grow(answers: ContextMemo, bytes: number): void {
    // An evaluation may end after its context has been forgotten.
    if (answers.isDropped) return;
    answers.bytes += bytes;
    this.bytes += bytes;
  }

  /** Forgets contexts until what is left fits, or until there are only the latest and the scope's own. */
  private dropOldest(latest: ContextMemo): void {
    for (const [key, answers] of this.byContext ?? []) {
      if (this.bytes <= MAX_BYTES) return;
      if (answers !== latest && answers !== this.base?.answers) this.drop(key, answers);
    }
  }

  private drop(key: string, answers: ContextMemo): void {
    this.byContext?.delete(key);
    if (answers === this.base?.answers) {
      this.base.isIndexed = false;
      return;
    }
    answers.isDropped = true;
    this.bytes -= answers.bytes;
  }

  private indexBase(): void {
    if (this.base === undefined || this.base.isIndexed) return;
    this.base.isIndexed = true;
    this.index(canonicalContext(this.base.merged), this.base.answers);
  }

  private index(key: string, answers: ContextMemo): ContextMemo {
    this.byContext ??= new Map<string, ContextMemo>();
    const [oldest] = this.byContext.size < MAX_CONTEXTS ? [] : this.byContext;
    if (oldest !== undefined) this.drop(...oldest);
    this.byContext.set(key, answers);
    this.grow(answers, 2 * key.length);
    return answers;
  }
}
