// The default of every option, and the values that a larger one counts as. The doc comments of the options repeat them
// (`@default`), and a test compares the README with those. Times are in milliseconds.

/** The longest time that a Node timer accepts. A longer one fires at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** The most retries after a failed attempt, as in Flagship's SDKs. */
export const MAX_RETRIES = 10;

/** The longest pause before a retry, as in Flagship's SDKs. */
export const MAX_RETRY_DELAY_MS = 30_000;

/** The longest refresh interval: with 10 % of jitter it still fits a timer. */
export const MAX_REFRESH_INTERVAL_MS = 1_900_000_000;

/** Defaults of the provider's options. */
export const PROVIDER_DEFAULTS = {
  baseUrl: 'https://api.cloudflare.com',
  timeout: 5000,
  retries: 1,
  retryDelay: 1000,
  circuitBreaker: { threshold: 5, halfOpenAfter: 10_000 },
  maxConcurrent: 5000,
  logging: false,
  cacheTtl: 0,
  cacheMaxSize: 1000,
  staleTtl: 0,
  staleWhileRevalidate: false,
  negativeTtl: 0,
  contextTransport: 'auto',
  spanAttributes: [],
  localEvaluation: false,
  refreshInterval: 30_000,
  /** Seeds the rollouts of `definitions`. With the other sources `accountId` has no default. */
  definitionsAccountId: 'local',
  /** As long as one attempt over HTTP. */
  bindingDeadline: 5000,
} as const;

/** Defaults of the module's own options. */
export const MODULE_DEFAULTS = {
  context: {},
  contextTimeout: 1000,
  propagation: 'interceptor',
  hooks: [],
  /** A hook that logs or counts takes microseconds; one that calls a service may take a second. */
  hookTimeout: 1000,
  handlers: [],
  listUsage: false,
} as const;

/** Memory for a thousand rather large resolutions. */
const MIN_CACHE_BYTES = 32 * 1024 * 1024;
/** The usual size of a resolution with its context. */
const BYTES_PER_RESOLUTION = 2048;

/** Returns the default of `cacheMaxBytes`: a larger `cacheMaxSize` needs more memory to have an effect. */
export function defaultCacheMaxBytes(cacheMaxSize: number): number {
  return Math.max(MIN_CACHE_BYTES, cacheMaxSize * BYTES_PER_RESOLUTION);
}

/** Returns the default of `deadline`: the time that all attempts and pauses take at most. */
export function defaultDeadline({
  timeout,
  retries,
  retryDelay,
}: {
  readonly timeout: number;
  readonly retries: number;
  readonly retryDelay: number;
}): number {
  return Math.min(timeout * (retries + 1) + retryDelay * retries, MAX_TIMER_MS);
}
