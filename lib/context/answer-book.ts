import { type EvaluationContext, type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { contextKey } from '../cache';
import { type FlagType } from '../options';

/** An answer, or the promise of one that is under way; parallel readers wait for the same. */
export class Answer {
  /** There once the promise is kept: a later reader need not wait again. */
  settled: EvaluationDetails<JsonValue> | undefined;

  /**
   * @param details The evaluation under way.
   * @param defaultValue The default that was given when the flag was asked; other readers bring their own.
   */
  constructor(
    readonly details: Promise<EvaluationDetails<JsonValue>>,
    readonly defaultValue: JsonValue,
  ) {
    void details.then((ready) => (this.settled = ready));
  }
}

/** Flag type → key → answer, for one evaluation context. */
export type Answers = Partial<Record<FlagType, Map<string, Answer>>>;

/** The contexts that an evaluation merges. Compared by identity, which is what makes the usual look-up cheap. */
export interface ContextParts {
  readonly api: EvaluationContext;
  readonly transaction: EvaluationContext;
  readonly client: EvaluationContext;
}

interface Base extends ContextParts {
  readonly merged: EvaluationContext;
  readonly answers: Answers;
  /** Also to be found by its content. */
  filed: boolean;
}

/** A scope that lives long (a job over all users) must not remember without end. */
const MAX_CONTEXTS = 1000;

/** What flags have answered within a scope, context by context. */
export class AnswerBook {
  private base: Base | undefined;
  private byContext: Map<string, Answers> | undefined;

  /** The merged context and its answers for evaluations that bring no context of their own. */
  forParts(parts: ContextParts, merge: () => EvaluationContext): Pick<Base, 'merged' | 'answers'> {
    const { base } = this;
    if (base?.api === parts.api && base.transaction === parts.transaction && base.client === parts.client)
      return base;
    // Frozen, as the OpenFeature client hands it out; so it can serve every flag of the scope.
    const merged = Object.freeze(merge());
    // The first context is filed only when there is a second one to tell it from: its key costs more than the look-up.
    const filed = base !== undefined || this.byContext !== undefined;
    const answers = filed ? this.forContext(merged) : {};
    // Not spread: adding to an object made by spreading is slow.
    const { api, transaction, client } = parts;
    const fresh: Base = { api, transaction, client, merged, answers, filed };
    this.base = fresh;
    return fresh;
  }

  /** The answers for a whole merged context. */
  forContext(merged: EvaluationContext): Answers {
    this.fileBase();
    const key = contextKey(merged);
    return this.byContext?.get(key) ?? this.file(key, {});
  }

  private fileBase(): void {
    if (this.base === undefined || this.base.filed) return;
    this.base.filed = true;
    this.file(contextKey(this.base.merged), this.base.answers);
  }

  private file(key: string, answers: Answers): Answers {
    this.byContext ??= new Map<string, Answers>();
    const oldest = this.byContext.size < MAX_CONTEXTS ? undefined : this.byContext.keys().next().value;
    if (oldest !== undefined) this.byContext.delete(oldest);
    this.byContext.set(key, answers);
    return answers;
  }
}
