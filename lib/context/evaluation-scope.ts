import { type EvaluationContext } from '@openfeature/server-sdk';
import { AnswerBook } from './answer-book';

/** One request, or one `withContext` call: the context in force, and what its flags have answered so far. */
export class EvaluationScope {
  private readonly books: Map<object, AnswerBook>;

  /**
   * @param context The evaluation context in force.
   * @param before The scope this one replaces: the same request, whose context has been built again. What has been
   * answered for the same context stays answered.
   */
  constructor(
    readonly context: EvaluationContext,
    before?: EvaluationScope,
  ) {
    this.books = before?.books ?? new Map<object, AnswerBook>();
  }

  /** The answers of one evaluator; another one may know other flags by the same keys. */
  bookOf(evaluator: object): AnswerBook {
    let book = this.books.get(evaluator);
    if (book === undefined) this.books.set(evaluator, (book = new AnswerBook()));
    return book;
  }
}
