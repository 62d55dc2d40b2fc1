import { hash } from 'node:crypto';
import { configurationError, describeValue } from '../errors';
import { defaultDeadline, MAX_RETRIES, MAX_RETRY_DELAY_MS, PROVIDER_DEFAULTS } from './defaults';
import { type FlagshipProviderOptions, type HeadersInput } from './provider-options';
import { appIdIn, resolveEndpoint } from './resolve-endpoint';
import { type HeaderMap, resolveHeaders } from './resolve-headers';
import { resolveProxy, type ResolvedProxy } from './resolve-proxy';

/** The members of an `AbortSignal` that are used. A polyfill's signal has them as well. */
export type SignalLike = Pick<AbortSignal, 'aborted' | 'addEventListener' | 'removeEventListener'>;

/** What the HTTP client needs to send requests to Flagship. Times are in milliseconds. */
export interface ResolvedHttpOptions {
  readonly endpoint: URL;
  readonly headers: HeaderMap;
  readonly headersFactory?: () => HeadersInput | Promise<HeadersInput>;
  /** Absent when the built-in client sends the requests. */
  readonly fetch?: typeof globalThis.fetch;
  readonly fetchInit: Readonly<Record<string, unknown>>;
  /** The `signal` of option "fetchOptions". */
  readonly signal?: SignalLike;
  /** The proxy of the environment. Absent when a `fetch` sends the requests. */
  readonly proxy?: ResolvedProxy;
  /** Time limit of one attempt. */
  readonly timeout: number;
  readonly retries: number;
  readonly retryDelay: number;
  /** Time limit of all attempts and pauses together. */
  readonly deadline: number;
  /** Whether the option "deadline" was given. */
  readonly isDeadlineSet: boolean;
  /** Absent when the circuit breaker is disabled. */
  readonly circuitBreaker?: ResolvedCircuitBreaker;
  /** Identifies account and app in a store that other apps share. */
  readonly namespace: string;
  /** The app's ID for metadata and spans; absent if "endpoint" does not name it. */
  readonly flagSetId?: string;
}

/** When the circuit breaker opens, and when it becomes half-open. */
export interface ResolvedCircuitBreaker {
  readonly threshold: number;
  /** In milliseconds. */
  readonly halfOpenAfter: number;
}

function resolveCircuitBreaker({
  circuitBreaker,
}: FlagshipProviderOptions): ResolvedCircuitBreaker | undefined {
  if (circuitBreaker === false) return undefined;
  const defaults = PROVIDER_DEFAULTS.circuitBreaker;
  return {
    threshold: circuitBreaker?.threshold ?? defaults.threshold,
    halfOpenAfter: circuitBreaker?.halfOpenAfter ?? defaults.halfOpenAfter,
  };
}

/** Two apps never share a namespace: neither those of one account nor equally named ones at two addresses. */
function namespaceOf({ appId, accountId }: FlagshipProviderOptions, endpoint: URL): string {
  const address = hash('sha256', endpoint.href, 'hex').slice(0, 16);
  const names = [accountId, appId].map((name) => encodeURIComponent(name ?? '-'));
  return [...names, address].join(':');
}

function mergeHeaders({ authToken, headers }: FlagshipProviderOptions, fetchHeaders: unknown): HeaderMap {
  const token: HeaderMap = authToken === undefined ? {} : { authorization: `Bearer ${authToken}` };
  return {
    ...resolveHeaders('authToken', token),
    ...resolveHeaders('fetchOptions.headers', fetchHeaders as HeadersInput | undefined),
    ...resolveHeaders('headers', headers),
  };
}

/** The global `fetch` of the moment: instrumentation and tests replace it at any time. */
export const globalFetch: typeof globalThis.fetch = (...request) => globalThis.fetch(...request);

function isSignal(value: unknown): value is SignalLike {
  if (typeof value !== 'object' || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<SignalLike>;
  return (
    typeof aborted === 'boolean' &&
    typeof addEventListener === 'function' &&
    typeof removeEventListener === 'function'
  );
}

/** @throws FlagshipError `CONFIGURATION_ERROR` for a signal that cannot be listened to. */
function resolveSignal(signal: unknown): SignalLike | undefined {
  if (signal === undefined || signal === null) return undefined;
  if (isSignal(signal)) return signal;
  throw configurationError(
    `option "fetchOptions.signal" must be an AbortSignal, but is ${describeValue(signal)}.`,
  );
}

/**
 * Returns the `fetch` that sends the requests: the one of the options, or the global one where `fetchOptions` have
 * fields that only a `fetch` understands.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` when there is no global `fetch`.
 */
function resolveFetch(
  { fetch }: FlagshipProviderOptions,
  fetchInit: Readonly<Record<string, unknown>>,
): typeof globalThis.fetch | undefined {
  if (fetch !== undefined) return fetch;
  if (Object.values(fetchInit).every((value) => value === undefined)) return undefined;
  if (typeof globalThis.fetch === 'function') return globalFetch;
  throw configurationError('option "fetchOptions" needs a global "fetch"; give one as option "fetch".');
}

/**
 * Resolves the options of HTTP with their defaults and caps.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` when the endpoint, a header, `fetch` or the proxy cannot be used.
 */
export function resolveHttp(options: FlagshipProviderOptions): ResolvedHttpOptions {
  const { headers: fetchHeaders, signal, ...fetchInit } = options.fetchOptions ?? {};
  const fetch = resolveFetch(options, fetchInit);
  const endpoint = resolveEndpoint(options);
  const timeout = options.timeout ?? PROVIDER_DEFAULTS.timeout;
  const retries = Math.min(options.retries ?? PROVIDER_DEFAULTS.retries, MAX_RETRIES);
  const retryDelay = Math.min(options.retryDelay ?? PROVIDER_DEFAULTS.retryDelay, MAX_RETRY_DELAY_MS);
  return {
    endpoint,
    headers: mergeHeaders(options, fetchHeaders),
    headersFactory: options.headersFactory,
    fetch,
    fetchInit,
    signal: resolveSignal(signal),
    proxy: fetch === undefined ? resolveProxy(endpoint) : undefined,
    timeout,
    retries,
    retryDelay,
    isDeadlineSet: options.deadline !== undefined,
    deadline: options.deadline ?? defaultDeadline({ timeout, retries, retryDelay }),
    circuitBreaker: resolveCircuitBreaker(options),
    namespace: namespaceOf(options, endpoint),
    flagSetId: options.appId ?? appIdIn(endpoint),
  };
}
