import { type EvaluationContext } from '@openfeature/server-sdk';
import { EvaluationMemo } from './evaluation-memo';

/** The Flagship module that a scope belongs to, identified by its options object, which is unique in the process. */
export interface ScopeModule {
  /** The module's static attributes. */
  readonly context: EvaluationContext;
}

/** The evaluation context in force for a piece of code, and the evaluations that have run under it. */
export class EvaluationScope {
  /** An array, because there is nearly always one evaluator: creating a map would cost every request more. */
  private readonly memos: { readonly evaluator: object; readonly memo: EvaluationMemo }[];

  /**
   * @param initialContext The evaluation context in force.
   * @param sharedWith A scope of the same request, with which this scope shares its memos, so that a flag evaluated
   * in one is not evaluated again under the same context in the other.
   * @param module The module whose flags are evaluated in this scope; without one, the flags of all modules.
   * @param key The object that identifies the request.
   */
  constructor(
    private readonly initialContext: EvaluationContext,
    sharedWith?: EvaluationScope,
    readonly module?: ScopeModule,
    readonly key?: object,
  ) {
    this.memos = sharedWith?.memos ?? [];
  }

  /** Whether the scope applies to the flags of this module. */
  isFor(module: ScopeModule | undefined): boolean {
    return this.module === module || this.module === undefined || module === undefined;
  }

  /** The evaluation context in force. */
  get context(): EvaluationContext {
    return this.initialContext;
  }

  /** The transaction context that is passed to a propagator which the application has set. */
  get transaction(): EvaluationContext {
    return this.initialContext;
  }

  /**
   * Returns the scope in which an evaluation that starts now runs; its context no longer changes. Returns a promise
   * while an asynchronous context factory is pending; it never rejects.
   */
  // eslint-disable-next-line @typescript-eslint/prefer-return-this-type -- the scope of a request returns another one
  forEvaluation(): EvaluationScope | Promise<EvaluationScope> {
    return this;
  }

  /** Whether `scope` is this scope, or the one that {@link forEvaluation} returns for the current subject. */
  resolvesTo(scope: EvaluationScope): boolean {
    return scope === this;
  }

  /**
   * Returns a promise while an asynchronous context factory is pending, because synchronous readers of the context
   * would miss its attributes; otherwise undefined.
   */
  untilReady(): Promise<unknown> | undefined {
    return undefined;
  }

  /** Returns the memo of one evaluator; the same key may name another flag for another evaluator. */
  memoOf(evaluator: object): EvaluationMemo {
    for (const candidate of this.memos) if (candidate.evaluator === evaluator) return candidate.memo;
    const memo = new EvaluationMemo();
    this.memos.push({ evaluator, memo });
    return memo;
  }
}
