import { type EvaluationContext } from '@openfeature/server-sdk';
import { AnswerBook } from './answer-book';

/** One request, or one `withContext` call: the context in force, and what its flags have answered so far. */
export class EvaluationScope {
  /** Nearly always one; a map would cost every request more than a look at two. */
  private readonly books: { readonly owner: object; readonly book: AnswerBook }[];

  /**
   * @param context The evaluation context in force.
   * @param before The scope this one replaces: the same request, whose context has been built again. What has been
   * answered for the same context stays answered.
   */
  constructor(
    readonly context: EvaluationContext,
    before?: EvaluationScope,
  ) {
    this.books = before?.books ?? [];
  }

  /** The answers of one evaluator; another one may know other flags by the same keys. */
  bookOf(evaluator: object): AnswerBook {
    for (const { owner, book } of this.books) if (owner === evaluator) return book;
    const book = new AnswerBook();
    this.books.push({ owner: evaluator, book });
    return book;
  }
}
