import {
  ErrorCode,
  type EvaluationContext,
  type JsonValue as OpenFeatureJsonValue,
  type Logger,
  OpenFeatureEventEmitter,
  type Provider,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { copyValue, MemoryCache } from '../cache';
import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type FlagshipProviderOptions, type JsonValue, resolveProviderOptions } from '../options';
import { type FlagSource, RemoteSource, type Resolution } from '../sources';
import { openFeatureCode } from './error-codes';
import { type FlagType, flagTypeOf } from './flag-types';
import { safeLogger } from './safe-logger';

type Log = ReturnType<typeof safeLogger> | undefined;

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
    this.source = new RemoteSource(resolved.http, resolved.contextTransport);
    this.cache = resolved.cache && new MemoryCache(resolved.cache.ttl, resolved.cache.maxSize);
    this.logging = resolved.logging;
  }

  /** Called by OpenFeature when the provider is registered. Needs no answer from Flagship. */
  async initialize(): Promise<void> {
    this.closed = false;
    await this.source.open();
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

  private async resolve<T>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext = {},
    logger?: Logger,
  ): Promise<ResolutionDetails<T>> {
    const log = this.logging && logger ? safeLogger(logger) : undefined;
    try {
      const { cache } = this;
      if (this.closed) throw closedError();
      if (cache === undefined)
        return this.toDetails(type, flagKey, defaultValue, await this.ask(flagKey, context), log);

      const key = cache.key(flagKey, type, context);
      const hit = cache.get(key);
      if (hit !== undefined) {
        log?.debug(found(flagKey, hit.value, hit.variant, 'CACHED'));
        return { value: copyValue(hit.value) as T, variant: hit.variant, reason: 'CACHED', flagMetadata: {} };
      }
      const resolution = await this.ask(flagKey, context);
      const details = this.toDetails(type, flagKey, defaultValue, resolution, log);
      // An answer that arrives after closing belongs to nobody.
      if (details.errorCode === undefined && details.reason !== 'DISABLED' && !this.isClosed()) {
        cache.set(key, { value: copyValue(resolution.value), variant: resolution.variant });
      }
      return details;
    } catch (error) {
      return this.toFailure(flagKey, defaultValue, error, log);
    }
  }

  private ask(flagKey: string, context: EvaluationContext): Promise<Resolution> {
    return this.source.evaluate(flagKey, context);
  }

  // Asked again after an await: closing may have happened meanwhile.
  private isClosed(): boolean {
    return this.closed;
  }

  private toDetails<T>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    resolution: Resolution,
    log: Log,
  ): ResolutionDetails<T> {
    const { value, variant, reason } = resolution;
    // Switched off: the caller's own default rules, and that is no error.
    if (reason === 'DISABLED') {
      log?.debug(`[Flagship] Flag "${flagKey}" leaves the default (DISABLED)`);
      return { value: defaultValue, reason: 'DISABLED', flagMetadata: {} };
    }
    const actual = flagTypeOf(value);
    if (actual !== type) {
      const errorMessage = `Flag "${flagKey}" type mismatch: expected ${type}, got ${actual}`;
      log?.warn(`[Flagship] ${errorMessage}`);
      return { value: defaultValue, reason: 'ERROR', errorCode: ErrorCode.TYPE_MISMATCH, errorMessage };
    }
    log?.debug(found(flagKey, value, variant, reason));
    return { value: value as T, variant, reason, flagMetadata: {} };
  }

  private toFailure<T>(flagKey: string, defaultValue: T, error: unknown, log: Log): ResolutionDetails<T> {
    const errorCode = openFeatureCode(error);
    const errorMessage = error instanceof Error ? error.message : String(error);
    log?.error(`[Flagship] Flag "${flagKey}" has no answer (${errorCode}): ${errorMessage}`);
    return { value: defaultValue, reason: 'ERROR', errorCode, errorMessage };
  }
}

function closedError(): FlagshipError {
  return new FlagshipError(
    'The provider is closed; register it again to open it.',
    FlagshipErrorCode.PROVIDER_NOT_READY,
  );
}

function found(flagKey: string, value: JsonValue, variant = 'no variant', reason = 'no reason'): string {
  const shown = typeof value === 'object' ? 'an object' : JSON.stringify(value);
  return `[Flagship] Flag "${flagKey}" is ${shown} (${variant}, ${reason})`;
}
