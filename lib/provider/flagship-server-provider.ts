import {
  type EvaluationContext,
  type JsonValue as OpenFeatureJsonValue,
  type Logger,
  type OpenFeatureEventEmitter,
  type Provider,
  ProviderFatalError,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { type CachingSource } from '../caching';
import { FlagshipError, FlagshipErrorCode, isErrorOf } from '../errors';
import { type FlagshipProviderOptions, type FlagType, resolveProviderOptions } from '../options';
import { createSource, type FlagSource, type Resolution } from '../sources';
import { type Attributes, checkedContext, keyProblem } from '../types';
import { createCachingSource } from './create-caching-source';
import { EvaluationLog } from './evaluation-log';
import { EvaluationCounts, type FlagshipStats } from './flagship-stats';
import { DomainEventEmitter } from './domain-event-emitter';
import { markExactDefaults } from './exact-defaults';
import { closedError, keyError } from './provider-errors';
import { resolvedDetails, type EvaluationRequest, errorDetails } from './resolution-details';
import { deadlineOf } from './source-deadline';
import { SourceEvents } from './source-events';

/**
 * The OpenFeature provider for Cloudflare Flagship. Works without Nest; takes the options that
 * `@cloudflare/flagship` takes, so changing the import is the migration.
 *
 * An evaluation never rejects: whatever goes wrong, it resolves to the default with an error code.
 *
 * @example
 * await OpenFeature.setProviderAndWait(
 *   new FlagshipServerProvider({ appId: 'shop', accountId: '…', authToken: '…' }),
 * );
 */
export class FlagshipServerProvider implements Provider {
  readonly metadata = { name: 'Flagship Server Provider' } as const;
  readonly runsOn = 'server';
  readonly events: OpenFeatureEventEmitter = new DomainEventEmitter();

  // Private to the language as well: whoever prints a provider must not find its token.
  readonly #events = new SourceEvents(this.events);
  readonly #source: FlagSource;
  /** Absent where the source answers at once. */
  readonly #answers: CachingSource | undefined;
  readonly #counts = new EvaluationCounts();
  readonly #log: EvaluationLog | undefined;
  readonly #deadlineMs: number;
  #closed = false;

  /**
   * @param options See {@link FlagshipProviderOptions}.
   * @throws FlagshipError `CONFIGURATION_ERROR` when an option is missing, malformed, unknown or in conflict.
   */
  constructor(options: FlagshipProviderOptions) {
    const resolved = resolveProviderOptions(options);
    this.#source = createSource(resolved.source, this.#events);
    this.#answers = createCachingSource(this.#source, resolved, this.#events);
    this.#log = resolved.logging ? new EvaluationLog() : undefined;
    this.#deadlineMs = deadlineOf(resolved.source);
    markExactDefaults(this);
  }

  /**
   * Whether a provider is one of these. Reads nothing of it: a provider of the application's may be a proxy that throws.
   *
   * @internal
   */
  static isOne(provider: object): provider is FlagshipServerProvider {
    return #source in provider;
  }

  /**
   * The longest time in milliseconds that an evaluation takes; 0 where it does not wait.
   *
   * @internal
   */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /**
   * Called by OpenFeature when the provider is registered. With `localEvaluation` it loads the definitions; otherwise
   * it needs no answer from Flagship.
   *
   * @throws ProviderFatalError When the token is refused; FlagshipError when the definitions cannot be had yet (it goes
   * on trying, and the provider becomes ready by itself).
   */
  initialize(): Promise<void> {
    this.#closed = false;
    const start = this.open();
    this.#events.follow(start);
    return start;
  }

  /**
   * Looks for new definitions now, instead of at the next interval. Never rejects.
   *
   * @returns True when the flags are up to date, false when Flagship could not be asked, or the file not be read.
   */
  refresh(): Promise<boolean> {
    return this.#closed ? Promise.resolve(false) : this.#source.refresh();
  }

  /**
   * What has happened so far: evaluations, where answers came from, requests and how they ended, the circuit breaker.
   *
   * @example
   * const { upstream, circuit } = provider.stats();
   */
  stats(): FlagshipStats {
    const { counts = NO_COUNTS, size = 0 } = this.#answers ?? {};
    return this.#counts.stats(counts, size, this.#source.stats());
  }

  /**
   * Leaves the shared store (`cacheStore`) alone from now on, so that its owner can close it; everything else goes on.
   * The module calls it as soon as the application begins to close.
   */
  detachStore(): void {
    this.#answers?.detachStore();
    this.#source.detachStore();
  }

  /** The keys of the flags that are at hand; undefined where Flagship is asked for each, or none have come yet. */
  flagKeys(): ReadonlySet<string> | undefined {
    return this.#source.flagKeys?.();
  }

  /** Called by OpenFeature when the provider is replaced or closed: empties the cache, ends requests and sockets. */
  async onClose(): Promise<void> {
    this.#closed = true;
    this.#answers?.close();
    await this.#source.close();
  }

  resolveBooleanEvaluation(
    flagKey: string,
    defaultValue: boolean,
    context: EvaluationContext,
    logger?: Logger,
  ): Promise<ResolutionDetails<boolean>> {
    return this.resolve('boolean', flagKey, defaultValue, context, logger);
  }

  resolveStringEvaluation(
    flagKey: string,
    defaultValue: string,
    context: EvaluationContext,
    logger?: Logger,
  ): Promise<ResolutionDetails<string>> {
    return this.resolve('string', flagKey, defaultValue, context, logger);
  }

  resolveNumberEvaluation(
    flagKey: string,
    defaultValue: number,
    context: EvaluationContext,
    logger?: Logger,
  ): Promise<ResolutionDetails<number>> {
    return this.resolve('number', flagKey, defaultValue, context, logger);
  }

  resolveObjectEvaluation<T extends OpenFeatureJsonValue>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
    logger?: Logger,
  ): Promise<ResolutionDetails<T>> {
    return this.resolve('object', flagKey, defaultValue, context, logger);
  }

  private async open(): Promise<void> {
    this.#answers?.open();
    try {
      await this.#source.open();
    } catch (error) {
      const isFatal = isErrorOf(error, FlagshipError) && error.code === FlagshipErrorCode.UNAUTHORIZED;
      throw isFatal ? new ProviderFatalError(error.message) : error;
    }
  }

  // Not async: an answer at hand costs one promise and no more.
  private resolve<T>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext | undefined,
    logger: Logger | undefined,
  ): Promise<ResolutionDetails<T>> {
    const log = logger && this.#log?.to(logger);
    const problem = keyProblem(flagKey);
    const shownKey = problem === undefined ? flagKey : 'unusable key';
    const question: EvaluationRequest<T> = { type, flagKey: shownKey, defaultValue, log };
    this.#counts.evaluations++;
    try {
      if (this.#closed) throw closedError();
      if (problem !== undefined) throw keyError(problem);
      const attributes = checkedContext(context);
      return this.#answers === undefined
        ? this.ask(question, attributes)
        : this.askAnswers(question, attributes, this.#answers);
    } catch (error) {
      return Promise.resolve(this.failure(question, error));
    }
  }

  private ask<T>(question: EvaluationRequest<T>, context: Attributes): Promise<ResolutionDetails<T>> {
    const { flagKey, type, defaultValue } = question;
    const resolution = this.#source.evaluate(flagKey, context, type, defaultValue);
    return resolution instanceof Promise
      ? this.detailsOf(question, resolution)
      : Promise.resolve(this.details(question, resolution));
  }

  private askAnswers<T>(
    question: EvaluationRequest<T>,
    context: Attributes,
    answers: CachingSource,
  ): Promise<ResolutionDetails<T>> {
    const { flagKey, type, defaultValue } = question;
    const hit = answers.fresh(flagKey, type, context);
    if (hit === undefined)
      return this.detailsOf(question, answers.evaluate(flagKey, type, context, defaultValue));
    return Promise.resolve(
      hit.notFound === undefined ? this.details(question, hit) : this.failure(question, hit.notFound),
    );
  }

  private detailsOf<T>(
    question: EvaluationRequest<T>,
    resolution: Promise<Resolution>,
  ): Promise<ResolutionDetails<T>> {
    return resolution.then(
      (late) => this.details(question, late),
      (error: unknown) => this.failure(question, error),
    );
  }

  private details<T>(question: EvaluationRequest<T>, resolution: Resolution): ResolutionDetails<T> {
    // Always a copy: the value belongs to the source, the cache, or others who wait for the same answer.
    const details = resolvedDetails(question, resolution);
    if (details.errorCode !== undefined) this.#counts.errors++;
    else if (resolution.reason === 'STALE') this.#counts.stale++;
    return details;
  }

  private failure<T>(question: EvaluationRequest<T>, error: unknown): ResolutionDetails<T> {
    this.#counts.errors++;
    return errorDetails(question, error);
  }
}

const NO_COUNTS = { memory: 0, store: 0, shared: 0 };
