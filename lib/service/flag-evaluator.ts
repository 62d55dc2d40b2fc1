import {
  type Client,
  DefaultLogger,
  ErrorCode,
  type EvaluationContext,
  type EvaluationDetails,
  type JsonValue,
  type Logger,
  OpenFeature,
  type Provider,
  ProviderStatus,
} from '@openfeature/server-sdk';
import { copyValue } from '../cache';
import {
  Answer,
  type ContextParts,
  currentScope,
  type EvaluationScope,
  runInScope,
  type ScopeOwner,
  transactionFor,
} from '../context';
import { type FlagType } from '../options';
import { FlagshipServerProvider, type FlagshipStats } from '../provider';
import { failedDetails, isDefaultApplied, resolvedDetails, thrownDetails } from './evaluation-details';
import { mergeFor } from './layered-context';
import { askClient, resolveWith } from './typed-methods';

const fallbackLogger = new DefaultLogger();

// Read once: the SDK exports them through getters, which would be called several times an evaluation.
const openFeature = OpenFeature;
const { NOT_READY, FATAL } = ProviderStatus;

/** The logger that the client would hand to the provider. OpenFeature has no public way to ask for it. */
function loggerOf(client: Client): Logger {
  return (client as unknown as { readonly _logger?: Logger })._logger ?? fallbackLogger;
}

/**
 * Evaluates flags for `FlagService`, guard and parameters: once a request, with hooks through the OpenFeature client,
 * and without any hook by the short way, which does what the client does at a fraction of its cost.
 */
export class FlagEvaluator {
  /** How often a flag had been answered earlier in the same scope. */
  private requestHits = 0;

  /**
   * @param client The OpenFeature client whose answers these are.
   * @param domain The domain the client is bound to.
   * @param owner The module whose scopes hold for these flags.
   */
  constructor(
    readonly client: Client,
    private readonly domain: string | undefined,
    private readonly owner?: ScopeOwner,
  ) {}

  /**
   * Evaluates a flag; never rejects.
   *
   * @param context Attributes of this call; they win over all others.
   * @param scope The request's scope, where the calling code does not run in it.
   */
  evaluate<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
    scope: EvaluationScope | undefined = currentScope(this.owner),
  ): Promise<EvaluationDetails<T>> {
    if (scope === undefined) return this.ask(type, flagKey, defaultValue, context, undefined, undefined);
    const asked = scope.asked();
    if (asked instanceof Promise)
      return asked.then((ready) => this.evaluate(type, flagKey, defaultValue, context, ready));
    const answer = this.answerIn(asked, type, flagKey, defaultValue, context);
    const { settled } = answer;
    return settled === undefined
      ? answer.details.then((details) => readAgain(details, answer, defaultValue))
      : Promise.resolve(readAgain(settled, answer, defaultValue));
  }

  /** As `evaluate`, for those who want no more than the value. */
  value<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T> {
    const scope = currentScope(this.owner);
    if (scope === undefined) {
      return this.ask(type, flagKey, defaultValue, context, undefined, undefined).then(({ value }) => value);
    }
    const asked = scope.asked();
    if (asked instanceof Promise) {
      const late = asked.then((ready) => this.evaluate(type, flagKey, defaultValue, context, ready));
      return late.then(({ value }) => value);
    }
    const answer = this.answerIn(asked, type, flagKey, defaultValue, context);
    const { settled } = answer;
    return settled === undefined
      ? answer.details.then((details) => valueAgain(details, answer, defaultValue))
      : Promise.resolve(valueAgain(settled, answer, defaultValue));
  }

  /** The scope's one answer to this question; asks for it if nobody has. */
  private answerIn(
    scope: EvaluationScope,
    type: FlagType,
    flagKey: string,
    defaultValue: JsonValue,
    context: EvaluationContext | undefined,
  ): Answer {
    const parts = this.parts(scope);
    const book = scope.bookOf(this);
    let { merged, answers } = book.forParts(parts, () => merge(parts, undefined));
    if (context !== undefined) {
      merged = Object.freeze(merge(parts, context));
      answers = book.forContext(merged);
    }
    const ofType = (answers[type] ??= new Map<string, Answer>());
    let answer = ofType.get(flagKey);
    if (answer === undefined) {
      answer = new Answer(this.ask(type, flagKey, defaultValue, context, merged, scope), defaultValue);
      ofType.set(flagKey, answer);
    } else {
      this.requestHits++;
    }
    return answer;
  }

  /** Looks for new definitions now; true when the flags are up to date. Other providers are left to themselves. */
  refresh(): Promise<boolean> {
    return this.flagship?.refresh() ?? Promise.resolve(true);
  }

  /** Leaves a store that instances share to its owner, who may close it before the flags are no longer asked for. */
  letGoOfStore(): void {
    this.flagship?.letGoOfStore();
  }

  /** What the provider has counted, and the answers that did not get as far; nothing of other providers. */
  stats(): FlagshipStats | undefined {
    const stats = this.flagship?.stats();
    if (stats === undefined) return undefined;
    const request = this.requestHits;
    return { ...stats, evaluations: stats.evaluations + request, hits: { ...stats.hits, request } };
  }

  /** The keys of the flags at hand, where the provider has them. */
  flagKeys(): ReadonlySet<string> | undefined {
    return this.flagship?.flagKeys();
  }

  /** The provider, where it is one of ours. */
  private get flagship(): FlagshipServerProvider | undefined {
    const provider = openFeature.getProvider(this.domain);
    return provider instanceof FlagshipServerProvider ? provider : undefined;
  }

  private parts(scope: EvaluationScope | undefined): ContextParts {
    return {
      api: openFeature.getContext(),
      transaction: transactionFor(this.owner, scope),
      client: this.client.getContext(),
    };
  }

  private ask<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext | undefined,
    merged: EvaluationContext | undefined,
    scope: EvaluationScope | undefined,
  ): Promise<EvaluationDetails<T>> {
    const provider = openFeature.getProvider(this.domain);
    if (this.hasHooks(provider)) {
      const viaClient = () => askClient(this.client, type, flagKey, defaultValue, context);
      return scope === undefined || currentScope(this.owner)?.asked() === scope
        ? viaClient()
        : runInScope(scope, viaClient);
    }
    const whole = merged ?? merge(this.parts(undefined), context);
    return this.askProvider(provider, type, flagKey, defaultValue, whole);
  }

  private hasHooks(provider: Provider): boolean {
    return (
      openFeature.getHooks().length > 0 ||
      this.client.getHooks().length > 0 ||
      (provider.hooks !== undefined && provider.hooks.length > 0)
    );
  }

  private async askProvider<T extends JsonValue>(
    provider: Provider,
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
  ): Promise<EvaluationDetails<T>> {
    const status = this.client.providerStatus;
    if (status === NOT_READY) {
      return failedDetails(
        flagKey,
        defaultValue,
        ErrorCode.PROVIDER_NOT_READY,
        'provider has not yet initialized',
      );
    }
    if (status === FATAL) {
      return failedDetails(
        flagKey,
        defaultValue,
        ErrorCode.PROVIDER_FATAL,
        'provider is in an irrecoverable error state',
      );
    }
    try {
      const logger = loggerOf(this.client);
      const resolution = await resolveWith(
        provider,
        type,
        flagKey,
        defaultValue,
        Object.freeze(context),
        logger,
      );
      return resolvedDetails(flagKey, defaultValue, resolution);
    } catch (error) {
      return thrownDetails(flagKey, defaultValue, error);
    }
  }
}

const NO_CONTEXT: EvaluationContext = {};

/** The order in which the OpenFeature client merges contexts. */
function merge(
  { api, transaction, client }: ContextParts,
  context: EvaluationContext | undefined,
): EvaluationContext {
  // As a rule all but one are empty. Copying that one costs a tenth of spreading all, and freezing the copy a seventh.
  const [only = NO_CONTEXT, ...more] = [api, transaction, client, context ?? NO_CONTEXT].filter(
    hasAttributes,
  );
  return mergeFor(transaction, () =>
    more.length === 0 && !Object.hasOwn(only, '__proto__')
      ? Object.assign({}, only)
      : { ...api, ...transaction, ...client, ...context },
  );
}

function hasAttributes(context: EvaluationContext): boolean {
  for (const name in context) if (Object.hasOwn(context, name)) return true;
  return false;
}

/** The answer for one more reader: a copy of its own, and its own default where the default applies. */
function readAgain<T extends JsonValue>(
  details: EvaluationDetails<JsonValue>,
  answer: Answer,
  defaultValue: T,
): EvaluationDetails<T> {
  return { ...details, value: valueAgain(details, answer, defaultValue) };
}

function valueAgain<T extends JsonValue>(
  details: EvaluationDetails<JsonValue>,
  answer: Answer,
  defaultValue: T,
): T {
  return isDefaultApplied(details, answer.defaultValue) ? defaultValue : copyValue(details.value as never);
}
