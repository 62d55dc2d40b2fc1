import {
  type Client,
  type EvaluationContext,
  type EvaluationDetails,
  type JsonValue,
  OpenFeature,
} from '@openfeature/server-sdk';
import {
  MemoEntry,
  type EvaluationMemo,
  type ContextMemo,
  type ContextParts,
  currentScope,
  type DefaultApplied,
  type EvaluationScope,
  isSame,
  transactionFor,
} from '../context';
import { type FlagType } from '../options';
import { type FlagshipStats } from '../provider';
import { isThenable } from '../runtime';
import { keyProblem, ownCopy } from '../types';
import { type EvaluationRequest, ClientEvaluator, type EvaluatingModule } from './client-evaluator';
import {
  isDefaultApplied,
  keyDetails,
  OTHER_DEFAULTS,
  readDetails,
  valueFrom,
  valueOf,
} from './evaluation-details';
import { mergedContext } from './merged-context';

// Read once: the SDK exports it through a getter, which would be called several times an evaluation.
const openFeature = OpenFeature;

/** Where the answer to one question is, or will be. */
interface FoundEntry {
  readonly answer: MemoEntry;
  /** The whole context that the question is about. */
  readonly context: EvaluationContext;
}

/**
 * Evaluates flags for `FlagService`, guard and parameters: once a scope, and each reader gets values of its own.
 *
 * 1. The contexts are merged; one that cannot be used ends here, with `INVALID_CONTEXT`.
 * 2. Within a scope, the answer for this flag, type and context is looked up; one that failed is kept for a second only.
 * 3. Where there is none, the flag is evaluated: see {@link ClientEvaluator}.
 * 4. Each reader gets a copy of the value, or of the reader's own default where the default applies. Where one answer
 *    cannot tell which of the two it is, the flag is evaluated with a second default.
 */
export class FlagEvaluator {
  /** How often a flag had been answered earlier in the same scope. */
  private requestHits = 0;
  private readonly evaluator: ClientEvaluator;

  /**
   * @param client The OpenFeature client whose answers these are.
   * @param domain The domain the client is bound to.
   * @param owner The module whose scopes hold for these flags.
   */
  constructor(
    readonly client: Client,
    domain: string | undefined,
    private readonly owner?: EvaluatingModule,
  ) {
    this.evaluator = new ClientEvaluator(client, domain, owner);
  }

  /**
   * Evaluates a flag; never throws or rejects, whatever it is given.
   *
   * @param context Attributes of this call; they win over all others.
   * @param scope The request's scope, where the calling code does not run in it.
   * @param mustKnowDefault Whether `isDefaultApplied` must know of the details, at the price of a second evaluation where the
   * provider is not Flagship's and its value is the default that was given.
   */
  evaluate<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    scope: EvaluationScope | undefined = currentScope(this.owner),
    mustKnowDefault = false,
  ): Promise<EvaluationDetails<T>> {
    try {
      const problem = keyProblem(flagKey);
      if (problem !== undefined) return Promise.resolve(keyDetails(flagKey, defaultValue, problem));
      if (scope === undefined) return this.evaluateOutsideScope(type, flagKey, defaultValue, context);
      const open = scope.settled();
      if (open instanceof Promise)
        return open.then((ready) =>
          this.evaluate(type, flagKey, defaultValue, context, ready, mustKnowDefault),
        );
      const place = this.find(open, type, flagKey, defaultValue, context);
      const { answer } = place;
      if (answer.canAnswer(defaultValue, mustKnowDefault))
        return Promise.resolve(readDetails(answer, defaultValue));
      return answer.details.then(() =>
        answer.canAnswer(defaultValue, mustKnowDefault)
          ? readDetails(answer, defaultValue)
          : this.determineDefault(place, type, flagKey, defaultValue, open),
      );
    } catch (error) {
      return this.refuse(type, flagKey, defaultValue, error, scope);
    }
  }

  /** As `evaluate`, for those who want no more than the value. */
  value<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T> {
    const scope = currentScope(this.owner);
    if (isThenable(defaultValue))
      return valueFrom(this.evaluate<T>(type, flagKey, defaultValue, context, scope), defaultValue);
    try {
      const open = scope?.settled();
      if (keyProblem(flagKey) === undefined && !(open instanceof Promise)) {
        if (open === undefined)
          return this.evaluateOutsideScope(type, flagKey, defaultValue, context).then(valueOf);
        const place = this.find(open, type, flagKey, defaultValue, context);
        const { answer } = place;
        if (answer.canAnswer(defaultValue, false)) return Promise.resolve(answer.valueFor(defaultValue));
        return answer.details.then(() =>
          answer.canAnswer(defaultValue, false)
            ? answer.valueFor(defaultValue)
            : this.determineDefault(place, type, flagKey, defaultValue, open).then(valueOf),
        );
      }
    } catch {
      // Happens again, and is dealt with there.
    }
    return this.evaluate(type, flagKey, defaultValue, context, scope).then(valueOf);
  }

  /** Looks for new definitions now; true when the flags are up to date. Other providers are left to themselves. */
  async refresh(): Promise<boolean> {
    try {
      return (await this.evaluator.flagship?.refresh()) ?? true;
    } catch {
      return false;
    }
  }

  /** What the provider has counted, and the answers that did not get as far; nothing of other providers. */
  stats(): FlagshipStats | undefined {
    const stats = this.evaluator.flagship?.stats();
    if (stats === undefined) return undefined;
    const request = this.requestHits;
    return { ...stats, evaluations: stats.evaluations + request, hits: { ...stats.hits, request } };
  }

  /** The keys of the flags at hand, where the provider has them. */
  flagKeys(): ReadonlySet<string> | undefined {
    return this.evaluator.flagship?.flagKeys();
  }

  private evaluateOutsideScope<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext | undefined,
  ): Promise<EvaluationDetails<T>> {
    const asked: EvaluationRequest<T> = { type, flagKey, defaultValue: ownCopy(defaultValue) };
    return this.evaluator.evaluate(asked, mergedContext(this.parts(undefined), context), undefined);
  }

  private refuse<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    error: unknown,
    scope: EvaluationScope | undefined,
  ): Promise<EvaluationDetails<T>> {
    return this.evaluator.refuse({ type, flagKey, defaultValue: ownCopy(defaultValue) }, error, scope);
  }

  private parts(scope: EvaluationScope | undefined): ContextParts {
    return {
      api: openFeature.getContext(),
      transaction: transactionFor(this.owner, scope),
      client: this.client.getContext(),
    };
  }

  /** The scope's one answer to this question; evaluates the flag where there is none. */
  private find(
    scope: EvaluationScope,
    type: FlagType,
    flagKey: string,
    defaultValue: JsonValue,
    context: EvaluationContext | undefined,
  ): FoundEntry {
    const parts = this.parts(scope);
    const book = scope.memoOf(this);
    let { merged, answers } = book.forParts(parts, () => mergedContext(parts, undefined));
    if (context !== undefined) {
      merged = mergedContext(parts, context);
      answers = book.forContext(merged);
    }
    const known = answers.get(type, flagKey);
    if (known !== undefined && !known.isExpired) {
      this.requestHits++;
      return { answer: known, context: merged };
    }
    const asked: EvaluationRequest<JsonValue> = { type, flagKey, defaultValue: ownCopy(defaultValue) };
    const answer = this.startEvaluation(asked, merged, scope, book, answers);
    answers.set(type, flagKey, answer);
    return { answer, context: merged };
  }

  /** Begins an evaluation whose answer the scope remembers. */
  private startEvaluation(
    asked: EvaluationRequest<JsonValue>,
    context: EvaluationContext,
    scope: EvaluationScope,
    book: EvaluationMemo,
    answers: ContextMemo,
  ): MemoEntry {
    const { flagKey, defaultValue } = asked;
    const { hasExactDefaults } = this.evaluator;
    const settle = (details: EvaluationDetails<JsonValue>): DefaultApplied => {
      book.weigh(answers, flagKey, answer, details);
      if (isDefaultApplied(details)) return true;
      return !hasExactDefaults && isSame(details.value, defaultValue) ? undefined : false;
    };
    const answer = new MemoEntry(this.evaluator.evaluate(asked, context, scope), defaultValue, settle);
    return answer;
  }

  /** Reads an answer of which it is not known whether it is the default, with a second evaluation's help. */
  private async determineDefault<T extends JsonValue>(
    { answer, context }: FoundEntry,
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    scope: EvaluationScope,
  ): Promise<EvaluationDetails<T>> {
    const isOther = !answer.canAnswer(defaultValue, false);
    const failure = await answer.determineDefault(isOther ? defaultValue : OTHER_DEFAULTS[type], (second) =>
      this.evaluator.evaluate({ type, flagKey, defaultValue: ownCopy(second) }, context, scope),
    );
    return failure === undefined
      ? readDetails(answer, defaultValue)
      : { ...failure, value: ownCopy(defaultValue) };
  }
}
