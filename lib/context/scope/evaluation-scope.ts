import { type EvaluationContext } from '@openfeature/server-sdk';
import { AnswerBook } from './answer-book';

/** The module whose flags a scope is for: its options, which no other module of the process has. */
export interface ScopeOwner {
  /** Its static attributes. */
  readonly context: EvaluationContext;
}

/** The evaluation context in force for a piece of code, and what its flags have answered so far. */
export class EvaluationScope {
  /** Nearly always one; a map would cost every request more than a look at two. */
  private readonly books: { readonly owner: object; readonly book: AnswerBook }[];

  /**
   * @param made The evaluation context in force.
   * @param before A scope of the same request: what has been answered for the same context stays answered.
   * @param owner The module whose flags it is for; none for all of them.
   * @param key What identifies the request.
   */
  constructor(
    private readonly made: EvaluationContext,
    before?: EvaluationScope,
    readonly owner?: ScopeOwner,
    readonly key?: object,
  ) {
    this.books = before?.books ?? [];
  }

  /** Whether it is for the flags of this module. */
  isFor(owner: ScopeOwner | undefined): boolean {
    return this.owner === owner || this.owner === undefined || owner === undefined;
  }

  /** The evaluation context in force. */
  get context(): EvaluationContext {
    return this.made;
  }

  /** What a propagator of the application's carries as the transaction context. */
  get transaction(): EvaluationContext {
    return this.made;
  }

  /**
   * Returns the scope whose context, which no longer changes, answers a flag that is asked now. A promise where an
   * asynchronous context factory is at work; it never rejects.
   */
  // eslint-disable-next-line @typescript-eslint/prefer-return-this-type -- the scope of a request returns another one
  asked(): EvaluationScope | Promise<EvaluationScope> {
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
  bookOf(evaluator: object): AnswerBook {
    for (const { owner, book } of this.books) if (owner === evaluator) return book;
    const book = new AnswerBook();
    this.books.push({ owner: evaluator, book });
    return book;
  }
}
