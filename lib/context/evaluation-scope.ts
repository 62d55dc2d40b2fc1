import { type EvaluationContext } from '@openfeature/server-sdk';
import { AnswerBook } from './answer-book';

/** The module whose flags a scope is for: its options, which no other module of the process has. */
export interface ScopeOwner {
  /** Its static attributes. */
  readonly context: EvaluationContext;
}

/** One request, or one `withContext` call: the context in force, and what its flags have answered so far. */
export class EvaluationScope {
  /** May its context change while it is open? Then it is asked for it, and not OpenFeature. */
  readonly follows: boolean = false;
  /** Nearly always one; a map would cost every request more than a look at two. */
  private readonly books: { readonly owner: object; readonly book: AnswerBook }[];

  /**
   * @param made The evaluation context in force.
   * @param before The scope this one replaces: the same request, whose context has been built again. What has been
   * answered for the same context stays answered.
   * @param owner The module whose flags it is for; none for all of them.
   * @param openedFor What stands for the request.
   */
  constructor(
    private readonly made: EvaluationContext,
    before?: EvaluationScope,
    readonly owner?: ScopeOwner,
    readonly openedFor?: object,
  ) {
    this.books = before?.books ?? [];
  }

  /** Is it for the flags of this module? */
  isFor(owner: ScopeOwner | undefined): boolean {
    return this.owner === owner || this.owner === undefined || owner === undefined;
  }

  /** The evaluation context in force. */
  get context(): EvaluationContext {
    return this.made;
  }

  /** Kept while an asynchronous context factory is at work. */
  pending(): Promise<void> | undefined {
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
