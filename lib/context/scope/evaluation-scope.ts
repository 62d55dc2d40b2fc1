import { type EvaluationContext } from '@openfeature/server-sdk';
import { EvaluationMemo } from './evaluation-memo';

/** The module whose flags a scope is for: its options, which no other module of the process has. */
export interface ScopeModule {
  /** Its static attributes. */
  readonly context: EvaluationContext;
}

/** The evaluation context in force for a piece of code, and what its flags have answered so far. */
export class EvaluationScope {
  /** Nearly always one; a map would cost every request more than a look at two. */
  private readonly memos: { readonly owner: object; readonly book: EvaluationMemo }[];

  /**
   * @param initialContext The evaluation context in force.
   * @param before A scope of the same request: what has been answered for the same context stays answered.
   * @param owner The module whose flags it is for; none for all of them.
   * @param key What identifies the request.
   */
  constructor(
    private readonly initialContext: EvaluationContext,
    before?: EvaluationScope,
    readonly owner?: ScopeModule,
    readonly key?: object,
  ) {
    this.memos = before?.memos ?? [];
  }

  /** Whether it is for the flags of this module. */
  isFor(owner: ScopeModule | undefined): boolean {
    return this.owner === owner || this.owner === undefined || owner === undefined;
  }

  /** The evaluation context in force. */
  get context(): EvaluationContext {
    return this.initialContext;
  }

  /** What a propagator of the application's carries as the transaction context. */
  get transaction(): EvaluationContext {
    return this.initialContext;
  }

  /**
   * Returns the scope whose context, which no longer changes, answers a flag that is asked now. A promise where an
   * asynchronous context factory is at work; it never rejects.
   */
  // eslint-disable-next-line @typescript-eslint/prefer-return-this-type -- the scope of a request returns another one
  settled(): EvaluationScope | Promise<EvaluationScope> {
    return this;
  }

  /** Whether a scope that {@link asked} has returned is this one's still. */
  isStill(asked: EvaluationScope): boolean {
    return asked === this;
  }

  /** Returns a promise while code that cannot wait would miss the attributes of an asynchronous context factory. */
  untilReady(): Promise<unknown> | undefined {
    return undefined;
  }

  /** The answers of one evaluator; another one may know other flags by the same keys. */
  memoOf(evaluator: object): EvaluationMemo {
    for (const { owner, book } of this.memos) if (owner === evaluator) return book;
    const book = new EvaluationMemo();
    this.memos.push({ owner: evaluator, book });
    return book;
  }
}
