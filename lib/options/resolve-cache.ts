import { configurationError } from '../errors';
import { type CacheStore, type FlagshipProviderOptions } from './provider-options';

/** What is kept of answers, and for how long. */
export interface ResolvedCache {
  /** In milliseconds; 0 when answers are not kept. */
  readonly ttl: number;
  readonly maxSize: number;
  /** How much memory answers may take, in bytes. */
  readonly maxBytes: number;
  /** How much longer than `ttl`, for the time that no fresh answer can be had. */
  readonly staleTtl: number;
  /** Is a stale answer served before a fresh one has been asked for? */
  readonly staleWhileRevalidate: boolean;
  /** How long the lack of a flag is remembered; 0 for not at all. */
  readonly negativeTtl: number;
  /** Where instances share answers. */
  readonly store?: CacheStore;
}

/** Enough for a thousand answers that are rather large. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Who wants to keep more answers than that leaves room for has asked for the room of answers of a common size. */
const BYTES_PER_ANSWER = 2048;

/** Each option that builds on another, and why. */
function expectCompany({
  cacheTtl = 0,
  staleTtl = 0,
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
 * Checks what the options say about keeping answers and fills in the defaults.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` when an option lacks the one that it builds on.
 */
export function resolveCache(options: FlagshipProviderOptions): ResolvedCache {
  const { localEvaluation = false, cacheStore, cacheMaxSize = 1000 } = options;
  if (!localEvaluation) expectCompany(options);
  return {
    ttl: options.cacheTtl ?? 0,
    maxSize: cacheMaxSize,
    maxBytes: options.cacheMaxBytes ?? Math.max(MAX_BYTES, cacheMaxSize * BYTES_PER_ANSWER),
    staleTtl: options.staleTtl ?? 0,
    staleWhileRevalidate: options.staleWhileRevalidate ?? false,
    negativeTtl: options.negativeTtl ?? 0,
    store: cacheStore,
  };
}
