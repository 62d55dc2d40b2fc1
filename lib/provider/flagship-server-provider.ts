import {
  type EvaluationContext,
  type JsonValue as OpenFeatureJsonValue,
  type Logger,
  type OpenFeatureEventEmitter,
  type Provider,
  ProviderFatalError,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { FlagshipError, FlagshipErrorCode, isErrorOf } from '../errors';
import { type FlagshipProviderOptions, type FlagType, resolveProviderOptions } from '../options';
import { type FlagSource, type Resolution } from '../sources';
import { type GuardedStore } from '../store';
import { validateContext, keyProblem } from '../types';
import { createSource, createStore } from './create-source';
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
  /** The store that instances share; absent where the options name none. */
  readonly #store: GuardedStore | undefined;
  readonly #counts = new EvaluationCounts();
  readonly #log: EvaluationLog | undefined;
  readonly #deadlineMs: number;
  #closed = false;
  /** Whether the source looks for changed definitions at intervals as soon as the provider is registered. */
  #startsPolling = true;

  /**
   * @param options See {@link FlagshipProviderOptions}.
   * @throws FlagshipError `CONFIGURATION_ERROR` when an option is missing, malformed, unknown or in conflict.
   */
  constructor(options: FlagshipProviderOptions) {
    const resolved = resolveProviderOptions(options);
    this.#store = createStore(resolved, this.#events);
    this.#source = createSource(resolved, this.#store, this.#events);
    this.#log = resolved.logging ? new EvaluationLog() : undefined;
    this.#deadlineMs = deadlineOf(resolved.source);
    markExactDefaults(this);
  }

  /**
   * Returns a provider that does not look for changed definitions at intervals until `startPolling` is called. Nest tells
   * a module nothing about a start that fails, and a provider of such an application would poll for ever.
   *
   * @internal
   */
  static withoutPolling(options: FlagshipProviderOptions): FlagshipServerProvider {
    const provider = new FlagshipServerProvider(options);
    provider.#startsPolling = false;
    return provider;
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
    if (this.#closed) return Promise.resolve(false);
    return this.#source.refresh?.() ?? Promise.resolve(true);
  }

  /**
   * Starts to look for changed definitions at intervals; see {@link FlagshipServerProvider.withoutPolling}.
   *
   * @internal
   */
  startPolling(): void {
    this.#startsPolling = true;
    if (!this.#closed) this.#source.startPolling?.();
  }

  /**
   * What has happened so far: evaluations, where answers came from, requests and how they ended, the circuit breaker.
   *
   * @example
   * const { upstream, circuit } = provider.stats();
   */
  stats(): FlagshipStats {
    return this.#counts.stats(this.#source.stats?.());
  }

  /**
   * Leaves the shared store (`cacheStore`) alone from now on, so that its owner can close it; everything else goes on.
   * The module calls it as soon as the application begins to close.
   */
  detachStore(): void {
    this.#store?.close();
  }

  /** The keys of the flags that are at hand; undefined where Flagship is asked for each, or none have come yet. */
  flagKeys(): ReadonlySet<string> | undefined {
    return this.#source.flagKeys?.();
  }

  /** Called by OpenFeature when the provider is replaced or closed: empties the cache, ends requests and sockets. */
  async onClose(): Promise<void> {
    this.#closed = true;
    this.#store?.close();
    await this.#source.close?.();
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
    this.#store?.open();
    if (this.#startsPolling) this.#source.startPolling?.();
    try {
      await this.#source.open?.();
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
      const resolution = this.#source.evaluate(flagKey, validateContext(context), type, defaultValue);
      return resolution instanceof Promise
        ? this.detailsOf(question, resolution)
        : Promise.resolve(this.details(question, resolution));
    } catch (error) {
      return Promise.resolve(this.failure(question, error));
    }
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
