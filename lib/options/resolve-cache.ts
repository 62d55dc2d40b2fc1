import { configurationError } from '../errors';
import { defaultCacheMaxBytes, PROVIDER_DEFAULTS } from './defaults';
import { type CacheStore, type FlagshipProviderOptions } from './provider-options';

/** Which resolutions are cached, and for how long. Times are in milliseconds. */
export interface ResolvedCache {
  /** 0 when resolutions are not cached. */
  readonly ttl: number;
  readonly maxSize: number;
  readonly maxBytes: number;
  /** How much longer than `ttl` a resolution is kept, to be served when no fresh one can be had. */
  readonly staleTtl: number;
  /** Whether a stale resolution is served before a fresh one has been requested. */
  readonly staleWhileRevalidate: boolean;
  /** How long `FLAG_NOT_FOUND` is kept; 0 when it is not. */
  readonly negativeTtl: number;
  /** The store that instances share. */
  readonly store?: CacheStore;
}

/** Throws for an option that has no effect without another one. */
function expectPrerequisites({
  cacheTtl = PROVIDER_DEFAULTS.cacheTtl,
  staleTtl = PROVIDER_DEFAULTS.staleTtl,
  staleWhileRevalidate,
  cacheStore,
}: FlagshipProviderOptions): void {
  if (staleTtl > 0 && cacheTtl === 0) {
    throw configurationError(
      'option "staleTtl" needs "cacheTtl": it says how long answers are kept beyond it.',
    );
  }
  if (staleWhileRevalidate === true && staleTtl === 0) {
    throw configurationError(
      'option "staleWhileRevalidate" needs "staleTtl": it says how old a stale answer may be.',
    );
  }
  if (cacheStore !== undefined && cacheTtl === 0) {
    throw configurationError(
      'option "cacheStore" needs "cacheTtl", which says how long answers are shared, or "localEvaluation".',
    );
  }
}

/**
 * Resolves the options of the cache with their defaults.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` when an option has no effect without another one that is missing.
 */
export function resolveCache(options: FlagshipProviderOptions): ResolvedCache {
  const { localEvaluation, cacheStore, cacheMaxSize = PROVIDER_DEFAULTS.cacheMaxSize } = options;
  if (localEvaluation !== true) expectPrerequisites(options);
  return {
    ttl: options.cacheTtl ?? PROVIDER_DEFAULTS.cacheTtl,
    maxSize: cacheMaxSize,
    maxBytes: options.cacheMaxBytes ?? defaultCacheMaxBytes(cacheMaxSize),
    staleTtl: options.staleTtl ?? PROVIDER_DEFAULTS.staleTtl,
    staleWhileRevalidate: options.staleWhileRevalidate ?? PROVIDER_DEFAULTS.staleWhileRevalidate,
    negativeTtl: options.negativeTtl ?? PROVIDER_DEFAULTS.negativeTtl,
    store: cacheStore,
  };
}
