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
import { type FlagMetadata, validateContext, keyProblem } from '../types';
import { createSource, createStore, maxEvaluationMs } from './create-source';
import { EvaluationLogger } from './evaluation-logger';
import { EvaluationCounts, type FlagshipStats } from './flagship-stats';
import { DomainEventEmitter } from './domain-event-emitter';
import { markReportsDefaults } from './reports-defaults';
import { providerClosedError, keyError, metadataOfError } from './provider-errors';
import { toResolutionDetails, type EvaluationInput, errorDetails } from './resolution-details';
import { SourceEvents } from './source-events';

/**
 * The OpenFeature provider for Cloudflare Flagship. It works without Nest. It accepts the options of the provider in
 * `@cloudflare/flagship`, so that changing the import is the whole migration.
 *
 * An evaluation never rejects: a failed one resolves to the default value with an error code.
 *
 * @example
 * await OpenFeature.setProviderAndWait(
 *   new FlagshipServerProvider({ appId: 'shop', accountId: '…', authToken: '…' }),
 * );
 */
export class FlagshipServerProvider implements Provider {
  /** The provider's name for OpenFeature. */
  readonly metadata = { name: 'Flagship Server Provider' } as const;
  /** OpenFeature's server SDK refuses providers that run on a client. */
  readonly runsOn = 'server';
  /** Emits `PROVIDER_STALE`, `PROVIDER_READY`, `PROVIDER_ERROR` and `PROVIDER_CONFIGURATION_CHANGED`. */
  readonly events: OpenFeatureEventEmitter = new DomainEventEmitter();

  // ECMAScript's private fields, because `console.log` of a provider must not print its token.
  readonly #events = new SourceEvents(this.events);
  readonly #source: FlagSource;
  /** The store that several instances share (option `cacheStore`), if there is one. */
  readonly #store: GuardedStore | undefined;
  readonly #counts = new EvaluationCounts();
  readonly #log: EvaluationLogger | undefined;
  readonly #deadlineMs: number;
  #closed = false;
  /** Whether the source begins to look for changed definitions when OpenFeature initializes the provider. */
  #startsPolling = true;

  /**
   * Creates a provider. The constructor sends no request; OpenFeature initializes the provider when it is registered.
   *
   * @param options See {@link FlagshipProviderOptions}.
   * @throws FlagshipError `CONFIGURATION_ERROR` when an option is missing, malformed, unknown or in conflict with
   * another, or when the file of the option `definitions` cannot be read.
   */
  constructor(options: FlagshipProviderOptions) {
    const resolved = resolveProviderOptions(options);
    this.#store = createStore(resolved, this.#events);
    this.#source = createSource(resolved, this.#store, this.#events);
    this.#log = resolved.logging ? new EvaluationLogger() : undefined;
    this.#deadlineMs = maxEvaluationMs(resolved.source);
    markReportsDefaults(this);
  }

  /**
   * Returns a provider that looks for changed definitions at intervals only after a call of `startPolling`. Nest does
   * not call a module when the start of its application fails, so the provider of such an application would poll for
   * ever.
   *
   * @internal
   */
  static withoutPolling(options: FlagshipProviderOptions): FlagshipServerProvider {
    const provider = new FlagshipServerProvider(options);
    provider.#startsPolling = false;
    return provider;
  }

  /**
   * Whether a provider was created by this class. Reads no property of it, because a provider of the application's may
   * be a proxy that throws.
   *
   * @internal
   */
  static isInstance(provider: object): provider is FlagshipServerProvider {
    return #source in provider;
  }

  /**
   * The longest time of an evaluation in milliseconds; 0 where evaluations do not wait.
   *
   * @internal
   */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /**
   * Returns the metadata of an evaluation that fails before the provider is asked: that of the flag, if the provider
   * holds its definition, and that of the app.
   *
   * @internal
   */
  metadataOf(flagKey: string): FlagMetadata | undefined {
    return this.#source.metadataOf?.(flagKey);
  }

  /**
   * Initializes the provider; OpenFeature calls it when the provider is registered. With `localEvaluation` it loads the
   * definitions; otherwise it sends no request.
   *
   * @returns Resolves when the provider is ready.
   * @throws ProviderFatalError When Flagship refuses the token.
   * @throws FlagshipError When the definitions cannot be loaded yet. The provider tries again at growing intervals, and
   * becomes ready when it succeeds.
   */
  initialize(): Promise<void> {
    this.#closed = false;
    const start = this.open();
    this.#events.follow(start);
    return start;
  }

  /**
   * Looks for changed definitions now, instead of at the next interval.
   *
   * @returns Whether the flags are up to date: `false` when Flagship did not respond, the file cannot be read, or the
   * provider is closed; `true` for sources without definitions. Never rejects.
   * @example
   * if (!(await provider.refresh())) logger.warn('The flags may be out of date.');
   */
  refresh(): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return this.#source.refresh?.() ?? Promise.resolve(true);
  }

  /**
   * Begins to look for changed definitions at intervals; see {@link FlagshipServerProvider.withoutPolling}.
   *
   * @internal
   */
  startPolling(): void {
    this.#startsPolling = true;
    if (!this.#closed) this.#source.startPolling?.();
  }

  /**
   * Returns statistics since the provider was created: evaluations, where their values came from, requests and their
   * outcomes, the circuit breaker, the definitions.
   *
   * @returns A new object, which does not change. Nothing is thrown.
   * @example
   * const { upstream, circuit } = provider.stats();
   */
  stats(): FlagshipStats {
    return this.#counts.stats(this.#source.stats?.());
  }

  /**
   * Stops using the shared store (option `cacheStore`), so that its owner can close it. Evaluations continue without
   * it. The module calls it when the application begins to close.
   *
   * @returns Nothing; nothing is thrown. Initializing the provider again attaches the store.
   * @example
   * provider.detachStore();
   * await redis.disconnect();
   */
  detachStore(): void {
    this.#store?.close();
  }

  /**
   * Returns the keys of the flags that the provider holds, from downloaded or static definitions.
   *
   * @returns The keys; undefined where each evaluation is a request, and before definitions are loaded. Nothing is
   * thrown.
   * @example
   * const isKnown = provider.flagKeys()?.has('new-checkout') ?? true;
   */
  flagKeys(): ReadonlySet<string> | undefined {
    return this.#source.flagKeys?.();
  }

  /**
   * Closes the provider: empties the cache, ends timers, requests and sockets. OpenFeature calls it when it replaces
   * the provider or closes. Evaluations return `PROVIDER_NOT_READY` until the provider is initialized again.
   *
   * @returns Resolves when everything has ended.
   */
  async onClose(): Promise<void> {
    this.#closed = true;
    this.#store?.close();
    await this.#source.close?.();
  }

  /** Evaluates a flag whose value is a boolean. Called by OpenFeature's client; never rejects. */
  resolveBooleanEvaluation(
    flagKey: string,
    defaultValue: boolean,
    context: EvaluationContext,
    logger?: Logger,
  ): Promise<ResolutionDetails<boolean>> {
    return this.resolve('boolean', flagKey, defaultValue, context, logger);
  }

  /** Evaluates a flag whose value is a string. Called by OpenFeature's client; never rejects. */
  resolveStringEvaluation(
    flagKey: string,
    defaultValue: string,
    context: EvaluationContext,
    logger?: Logger,
  ): Promise<ResolutionDetails<string>> {
    return this.resolve('string', flagKey, defaultValue, context, logger);
  }

  /** Evaluates a flag whose value is a number. Called by OpenFeature's client; never rejects. */
  resolveNumberEvaluation(
    flagKey: string,
    defaultValue: number,
    context: EvaluationContext,
    logger?: Logger,
  ): Promise<ResolutionDetails<number>> {
    return this.resolve('number', flagKey, defaultValue, context, logger);
  }

  /**
   * Evaluates a flag whose value is a JSON value: an object, a list or null. Called by OpenFeature's client; never
   * rejects.
   */
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

  // Not async: a resolution that a source returns synchronously costs a single promise.
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
    const input: EvaluationInput<T> = { type, flagKey: shownKey, defaultValue, log };
    this.#counts.evaluations++;
    try {
      if (this.#closed) throw providerClosedError();
      if (problem !== undefined) throw keyError(problem);
      const resolution = this.#source.evaluate(flagKey, validateContext(context), type, defaultValue);
      return resolution instanceof Promise
        ? this.laterDetails(input, resolution)
        : Promise.resolve(this.details(input, resolution));
    } catch (error) {
      return Promise.resolve(this.failure(input, error));
    }
  }

  private laterDetails<T>(
    input: EvaluationInput<T>,
    resolution: Promise<Resolution>,
  ): Promise<ResolutionDetails<T>> {
    return resolution.then(
      (settled) => this.details(input, settled),
      (error: unknown) => this.failure(input, error),
    );
  }

  private details<T>(input: EvaluationInput<T>, resolution: Resolution): ResolutionDetails<T> {
    // The details hold a copy, because the value belongs to the source, the cache, or callers that share the
    // resolution.
    const details = toResolutionDetails(input, resolution);
    if (details.errorCode !== undefined) this.#counts.errors++;
    else if (resolution.reason === 'STALE') this.#counts.stale++;
    return details;
  }

  private failure<T>(input: EvaluationInput<T>, error: unknown): ResolutionDetails<T> {
    this.#counts.errors++;
    return errorDetails(input, error, metadataOfError(error) ?? this.metadataOf(input.flagKey));
  }
}
