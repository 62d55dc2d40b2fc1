import {
  type EvaluationContext,
  type JsonValue as OpenFeatureJsonValue,
  type Logger,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderFatalError,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { type AskedQuestion, copyValue, MemoryCache } from '../cache';
import { FlagshipError, FlagshipErrorCode } from '../errors';
import {
  type FlagshipProviderOptions,
  type FlagType,
  type JsonValue,
  resolveProviderOptions,
} from '../options';
import { createSource, type FlagSource } from '../sources';
import { answered, type Question, unanswered } from './resolution-details';
import { safeLogger } from './safe-logger';
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
  readonly events = new OpenFeatureEventEmitter();

  private readonly sourceEvents = new SourceEvents(this.events);
  private readonly source: FlagSource;
  private readonly cache: MemoryCache | undefined;
  private readonly logging: boolean;
  private closed = false;

  /**
   * @param options See {@link FlagshipProviderOptions}.
   * @throws FlagshipError `CONFIGURATION_ERROR` when an option is missing, malformed, unknown or in conflict.
   */
  constructor(options: FlagshipProviderOptions) {
    const resolved = resolveProviderOptions(options);
    this.source = createSource(resolved.source, this.sourceEvents);
    this.cache = resolved.cache && new MemoryCache(resolved.cache.ttl, resolved.cache.maxSize);
    this.logging = resolved.logging;
  }

  /**
   * Called by OpenFeature when the provider is registered. With `localEvaluation` it loads the definitions; otherwise
   * it needs no answer from Flagship.
   *
   * @throws ProviderFatalError When the token is refused; FlagshipError when the definitions cannot be had yet (it goes
   * on trying, and the provider becomes ready by itself).
   */
  initialize(): Promise<void> {
    this.closed = false;
    const start = this.open();
    this.sourceEvents.follow(start);
    return start;
  }

  /**
   * Looks for new definitions now, instead of at the next interval. Never rejects.
   *
   * @returns True when the flags are up to date, false when Flagship could not be asked.
   */
  refresh(): Promise<boolean> {
    return this.closed ? Promise.resolve(false) : this.source.refresh();
  }

  /** The keys of the flags that are at hand; undefined where Flagship is asked for each, or none have come yet. */
  flagKeys(): ReadonlySet<string> | undefined {
    return this.source.flagKeys?.();
  }

  /** Called by OpenFeature when the provider is replaced or closed: empties the cache, ends requests and sockets. */
  async onClose(): Promise<void> {
    this.closed = true;
    this.cache?.clear();
    await this.source.close();
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
    try {
      await this.source.open();
    } catch (error) {
      const isFatal = error instanceof FlagshipError && error.code === FlagshipErrorCode.UNAUTHORIZED;
      throw isFatal ? new ProviderFatalError(error.message) : error;
    }
  }

  // Not async: an answer at hand costs one promise and no more.
  private resolve<T>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext = {},
    logger?: Logger,
  ): Promise<ResolutionDetails<T>> {
    const log = this.logging && logger ? safeLogger(logger) : undefined;
    const question: Question<T> = { type, flagKey, defaultValue, log };
    try {
      if (this.closed) throw closedError();
      return this.cache === undefined
        ? this.ask(question, context)
        : this.askCached(question, context, this.cache);
    } catch (error) {
      return Promise.resolve(unanswered(question, error));
    }
  }

  private ask<T>(question: Question<T>, context: EvaluationContext): Promise<ResolutionDetails<T>> {
    const { source } = this;
    const resolution = source.evaluate(question.flagKey, context, question.type, question.defaultValue);
    if (!(resolution instanceof Promise))
      return Promise.resolve(answered(question, resolution, source.ownsValues));
    return resolution.then(
      (late) => answered(question, late, false),
      (error: unknown) => unanswered(question, error),
    );
  }

  private askCached<T>(
    question: Question<T>,
    context: EvaluationContext,
    cache: MemoryCache,
  ): Promise<ResolutionDetails<T>> {
    const { flagKey, type } = question;
    const hit = cache.get(flagKey, type, context);
    if (hit !== undefined) return Promise.resolve(answered(question, hit, true));
    const asked = cache.question(flagKey, type, context);
    return this.ask(question, context).then((details) => {
      const { errorCode, reason, variant, value } = details;
      // An answer that arrives after closing belongs to nobody.
      if (errorCode === undefined && reason !== 'DISABLED' && !this.closed) {
        keep(cache, asked, value as JsonValue, variant);
      }
      return details;
    });
  }
}

function keep(cache: MemoryCache, asked: AskedQuestion, value: JsonValue, variant: string | undefined): void {
  try {
    cache.set(asked, { value: copyValue(value), variant, reason: 'CACHED' });
  } catch {
    // Nested too deep to be copied: it is asked for each time.
  }
}

function closedError(): FlagshipError {
  return new FlagshipError(
    'The provider is closed; register it again to open it.',
    FlagshipErrorCode.PROVIDER_NOT_READY,
  );
}
