import { type EvaluationContext } from '@openfeature/server-sdk';
import { contextKey } from '../../cache';
import { type FlagType } from '../../options';
import { type Answer } from './answer';
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
/** What an answer takes beside its key and its value: its promise, its details, its place in a map. */
const ANSWER_BYTES = 500;

/** What the flags answered for one evaluation context, by type and key. */
export class ContextAnswers {
  /** What they take in memory. */
  bytes = 0;
  /** Whether they are no longer looked up. */
  isForgotten = false;
  private readonly byType: Partial<Record<FlagType, Map<string, Answer>>> = {};

  get(type: FlagType, flagKey: string): Answer | undefined {
    return this.byType[type]?.get(flagKey);
  }

  set(type: FlagType, flagKey: string, answer: Answer): void {
    (this.byType[type] ??= new Map<string, Answer>()).set(flagKey, answer);
  }

  /** Drops what was remembered. */
  clear(): void {
    for (const answers of Object.values(this.byType)) answers.clear();
    this.bytes = 0;
  }
}

interface Base extends ContextParts {
  readonly merged: EvaluationContext;
  readonly answers: ContextAnswers;
  /** Whether the answers are also indexed by the context's content. */
  isIndexed: boolean;
}

/** What flags have answered within a scope, context by context. */
export class AnswerBook {
  private base: Base | undefined;
  private byContext: Map<string, ContextAnswers> | undefined;
  private bytes = 0;

  /** The merged context and its answers for evaluations that bring no context of their own. */
  forParts(parts: ContextParts, merge: () => EvaluationContext): Pick<Base, 'merged' | 'answers'> {
    const { base } = this;
    if (base?.api === parts.api && base.transaction === parts.transaction && base.client === parts.client)
      return base;
    const merged = merge();
    // The first context is indexed only when there is a second one: its key costs more than the look-up.
    const isIndexed = base !== undefined || this.byContext !== undefined;
    const answers = isIndexed ? this.forContext(merged) : new ContextAnswers();
    // Not spread: adding to an object made by spreading is slow.
    const { api, transaction, client } = parts;
    const fresh: Base = { api, transaction, client, merged, answers, isIndexed };
    this.base = fresh;
    return fresh;
  }

  /** The answers for a whole merged context. */
  forContext(merged: EvaluationContext): ContextAnswers {
    this.indexBase();
    const key = contextKey(merged);
    return this.byContext?.get(key) ?? this.index(key, new ContextAnswers());
  }

  /** Counts what an answer takes, and forgets the oldest contexts where all of them take too much. */
  weigh(answers: ContextAnswers, flagKey: string, value: unknown): void {
    this.grow(answers, ANSWER_BYTES + 2 * flagKey.length + approximateBytes(value, MAX_BYTES));
  }

  private grow(answers: ContextAnswers, bytes: number): void {
    // An evaluation may end after its context has been forgotten.
    if (answers.isForgotten) return;
    answers.bytes += bytes;
    this.bytes += bytes;
    if (this.bytes > MAX_BYTES) this.forgetOldest(answers);
  }

  private forgetOldest(latest: ContextAnswers): void {
    for (const [key, answers] of this.byContext ?? []) {
      if (answers === latest || answers === this.base?.answers) continue;
      this.forget(key, answers);
      if (this.bytes <= MAX_BYTES) return;
    }
    // What is left takes too much: its flags are evaluated anew from here on.
    this.clear(latest);
    if (this.base !== undefined) this.clear(this.base.answers);
  }

  private forget(key: string, answers: ContextAnswers): void {
    this.byContext?.delete(key);
    if (answers === this.base?.answers) {
      this.base.isIndexed = false;
      return;
    }
    answers.isForgotten = true;
    this.bytes -= answers.bytes;
  }

  private clear(answers: ContextAnswers): void {
    this.bytes -= answers.bytes;
    answers.clear();
  }

  private indexBase(): void {
    if (this.base === undefined || this.base.isIndexed) return;
    this.base.isIndexed = true;
    this.index(contextKey(this.base.merged), this.base.answers);
  }

  private index(key: string, answers: ContextAnswers): ContextAnswers {
    this.byContext ??= new Map<string, ContextAnswers>();
    const [oldest] = this.byContext.size < MAX_CONTEXTS ? [] : this.byContext;
    if (oldest !== undefined) this.forget(...oldest);
    this.byContext.set(key, answers);
    this.grow(answers, 2 * key.length);
    return answers;
  }
}
