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
  isSameValue,
  transactionContextFor,
} from '../context';
import { type FlagType } from '../options';
import { type FlagshipStats } from '../provider';
import { isThenable } from '../runtime';
import { keyProblem, ownCopy } from '../types';
import { type EvaluationRequest, ClientEvaluator, type EvaluatingModule } from './client-evaluator';
import {
  isDefaultApplied,
  invalidKeyDetails,
  PROBE_DEFAULTS,
  detailsFromEntry,
  detailsValueAsync,
  detailsValue,
} from './evaluation-details';
import { mergeContexts } from './merge-contexts';

// Read once, because the SDK exports it through a getter, which would be called several times per evaluation.
const openFeature = OpenFeature;

/** An evaluation, pending or ended, and its merged evaluation context. */
interface EntryInContext {
  readonly entry: MemoEntry;
  readonly context: EvaluationContext;
}

/**
 * Evaluates flags for `FlagService`, the guard and the parameter decorators: once per scope, flag, type and context.
 * Each reader receives values of its own. {@link evaluate} lists the steps.
 */
export class FlagEvaluator {
  /** The number of evaluations that the memo of a scope has served. */
  private memoHits = 0;
  private readonly evaluator: ClientEvaluator;

  /**
   * @param client The OpenFeature client that evaluates the flags.
   * @param domain The domain that the client is bound to.
   * @param module The module whose scopes apply to these flags.
   */
  constructor(
    readonly client: Client,
    domain: string | undefined,
    private readonly module?: EvaluatingModule,
  ) {
    this.evaluator = new ClientEvaluator(client, domain, module);
  }

  /**
   * Evaluates a flag; never throws or rejects, whatever the arguments.
   *
   * 1. The key is checked; an invalid one resolves with `FLAG_NOT_FOUND`.
   * 2. The scope's context is awaited if an asynchronous context factory is pending.
   * 3. The contexts are merged; an invalid one resolves with `INVALID_CONTEXT`.
   * 4. Within a scope, the memo is looked up by flag, type and merged context. Failed evaluations stay in it for one
   *    second.
   * 5. If the memo has no entry, the flag is evaluated, see {@link ClientEvaluator}.
   * 6. The reader receives a copy of the value, or of its own default if the default applies. If the details do not
   *    show which of the two applies, the flag is evaluated again with a second default.
   *
   * @param context Attributes of this call; they win over all others.
   * @param scope The request's scope, if the calling code does not run in it.
   * @param mustKnowDefault Whether `isDefaultApplied` must be exact for the returned details. This costs a second
   * evaluation if the provider is not Flagship's and its value equals the default.
   */
  evaluate<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    scope: EvaluationScope | undefined = currentScope(this.module),
    mustKnowDefault = false,
  ): Promise<EvaluationDetails<T>> {
    try {
      const problem = keyProblem(flagKey);
      if (problem !== undefined) {
        const metadata = this.evaluator.metadataOf(flagKey);
        return Promise.resolve(invalidKeyDetails(flagKey, defaultValue, problem, metadata));
      }
      if (scope === undefined) return this.evaluateOutsideScope(type, flagKey, defaultValue, context);
      const settled = scope.forEvaluation();
      if (settled instanceof Promise)
        return settled.then((ready) =>
          this.evaluate(type, flagKey, defaultValue, context, ready, mustKnowDefault),
        );
      const found = this.findOrEvaluate(settled, type, flagKey, defaultValue, context);
      const { entry } = found;
      if (entry.canServe(defaultValue, mustKnowDefault))
        return Promise.resolve(detailsFromEntry(entry, defaultValue));
      return entry.details.then(() =>
        entry.canServe(defaultValue, mustKnowDefault)
          ? detailsFromEntry(entry, defaultValue)
          : this.determineDefault(found, type, flagKey, defaultValue, settled),
      );
    } catch (error) {
      return this.resolveWithDefault(type, flagKey, defaultValue, error, scope);
    }
  }

  /** Evaluates a flag as {@link evaluate} does and returns the value alone, without creating details. */
  value<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T> {
    const scope = currentScope(this.module);
    if (isThenable(defaultValue))
      return detailsValueAsync(this.evaluate<T>(type, flagKey, defaultValue, context, scope), defaultValue);
    try {
      const settled = scope?.forEvaluation();
      if (keyProblem(flagKey) === undefined && !(settled instanceof Promise)) {
        if (settled === undefined)
          return this.evaluateOutsideScope(type, flagKey, defaultValue, context).then(detailsValue);
        const found = this.findOrEvaluate(settled, type, flagKey, defaultValue, context);
        const { entry } = found;
        if (entry.canServe(defaultValue, false)) return Promise.resolve(entry.valueFor(defaultValue));
        return entry.details.then(() =>
          entry.canServe(defaultValue, false)
            ? entry.valueFor(defaultValue)
            : this.determineDefault(found, type, flagKey, defaultValue, settled).then(detailsValue),
        );
      }
    } catch {
      // `evaluate` below runs into the same error and resolves with the default.
    }
    return this.evaluate(type, flagKey, defaultValue, context, scope).then(detailsValue);
  }

  /** Loads new definitions now; resolves with whether the flags are up to date. True for a provider of another kind. */
  async refresh(): Promise<boolean> {
    try {
      return (await this.evaluator.flagship?.refresh()) ?? true;
    } catch {
      return false;
    }
  }

  /** Returns the provider's statistics plus the memo's hits; undefined if the provider is not Flagship's. */
  stats(): FlagshipStats | undefined {
    const stats = this.evaluator.flagship?.stats();
    if (stats === undefined) return undefined;
    const request = this.memoHits;
    return { ...stats, evaluations: stats.evaluations + request, hits: { ...stats.hits, request } };
  }

  /** Returns the keys of all flags if the provider has definitions, otherwise undefined. */
  flagKeys(): ReadonlySet<string> | undefined {
    return this.evaluator.flagship?.flagKeys();
  }

  private evaluateOutsideScope<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext | undefined,
  ): Promise<EvaluationDetails<T>> {
    const request: EvaluationRequest<T> = { type, flagKey, defaultValue: ownCopy(defaultValue) };
    const merged = mergeContexts(this.contextParts(undefined), context);
    return this.evaluator.evaluate(request, merged, undefined);
  }

  private resolveWithDefault<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    error: unknown,
    scope: EvaluationScope | undefined,
  ): Promise<EvaluationDetails<T>> {
    return this.evaluator.resolveWithDefault(
      { type, flagKey, defaultValue: ownCopy(defaultValue) },
      error,
      scope,
    );
  }

  private contextParts(scope: EvaluationScope | undefined): ContextParts {
    return {
      api: openFeature.getContext(),
      transaction: transactionContextFor(this.module, scope),
      client: this.client.getContext(),
    };
  }

  /** Returns the scope's entry for this flag, type and context; starts an evaluation if there is none. */
  private findOrEvaluate(
    scope: EvaluationScope,
    type: FlagType,
    flagKey: string,
    defaultValue: JsonValue,
    context: EvaluationContext | undefined,
  ): EntryInContext {
    const parts = this.contextParts(scope);
    const memo = scope.memoOf(this);
    let { merged, memo: contextMemo } = memo.forParts(parts, () => mergeContexts(parts, undefined));
    if (context !== undefined) {
      merged = mergeContexts(parts, context);
      contextMemo = memo.forContext(merged);
    }
    const existing = contextMemo.get(type, flagKey);
    if (existing !== undefined && !existing.isExpired) {
      this.memoHits++;
      return { entry: existing, context: merged };
    }
    const request: EvaluationRequest<JsonValue> = { type, flagKey, defaultValue: ownCopy(defaultValue) };
    const entry = this.startEvaluation(request, merged, scope, memo, contextMemo);
    contextMemo.set(type, flagKey, entry);
    return { entry, context: merged };
  }

  /** Returns the entry of an evaluation that has just started, so that later readers in the scope join it. */
  private startEvaluation(
    request: EvaluationRequest<JsonValue>,
    context: EvaluationContext,
    scope: EvaluationScope,
    memo: EvaluationMemo,
    contextMemo: ContextMemo,
  ): MemoEntry {
    const { flagKey, defaultValue } = request;
    const { reportsDefaults } = this.evaluator;
    const onSettled = (details: EvaluationDetails<JsonValue>): DefaultApplied => {
      memo.recordSize(contextMemo, flagKey, entry, details);
      if (isDefaultApplied(details)) return true;
      return !reportsDefaults && isSameValue(details.value, defaultValue) ? undefined : false;
    };
    const entry = new MemoEntry(this.evaluator.evaluate(request, context, scope), defaultValue, onSettled);
    return entry;
  }

  /** Determines by a second evaluation whether an entry's value is the default, and returns the reader's details. */
  private async determineDefault<T extends JsonValue>(
    { entry, context }: EntryInContext,
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    scope: EvaluationScope,
  ): Promise<EvaluationDetails<T>> {
    // The reader's own default can be the second one, unless the entry was evaluated with the same.
    const isOther = !entry.canServe(defaultValue, false);
    const failure = await entry.determineDefault(isOther ? defaultValue : PROBE_DEFAULTS[type], (second) =>
      this.evaluator.evaluate({ type, flagKey, defaultValue: ownCopy(second) }, context, scope),
    );
    return failure === undefined
      ? detailsFromEntry(entry, defaultValue)
      : { ...failure, value: ownCopy(defaultValue) };
  }
}
