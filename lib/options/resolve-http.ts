import { hash } from 'node:crypto';
import { configurationError } from '../errors';
import { defaultDeadline, MAX_RETRIES, MAX_RETRY_DELAY_MS, PROVIDER_DEFAULTS } from './defaults';
import { type FlagshipProviderOptions, type HeadersInput } from './provider-options';
import { appIdIn, resolveEndpoint } from './resolve-endpoint';
import { type HeaderMap, resolveHeaders } from './resolve-headers';

/** What the HTTP client needs to send requests to Flagship. Times are in milliseconds. */
export interface ResolvedHttpOptions {
  readonly endpoint: URL;
  readonly headers: HeaderMap;
  readonly headersFactory?: () => HeadersInput | Promise<HeadersInput>;
  /** Absent when the built-in client sends the requests. */
  readonly fetch?: typeof globalThis.fetch;
  readonly fetchInit: Readonly<Record<string, unknown>>;
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

/**
 * Resolves the options of HTTP with their defaults and caps.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` when the endpoint, a header or `fetch` cannot be used.
 */
export function resolveHttp(options: FlagshipProviderOptions): ResolvedHttpOptions {
  const { headers: fetchHeaders, ...fetchInit } = options.fetchOptions ?? {};
  const usesFetch = options.fetch !== undefined || Object.keys(fetchInit).length > 0;
  if (usesFetch && typeof (options.fetch ?? globalThis.fetch) !== 'function') {
    throw configurationError('option "fetchOptions" needs a global "fetch"; give one as option "fetch".');
  }
  const endpoint = resolveEndpoint(options);
  const timeout = options.timeout ?? PROVIDER_DEFAULTS.timeout;
  const retries = Math.min(options.retries ?? PROVIDER_DEFAULTS.retries, MAX_RETRIES);
  const retryDelay = Math.min(options.retryDelay ?? PROVIDER_DEFAULTS.retryDelay, MAX_RETRY_DELAY_MS);
  return {
    endpoint,
    headers: mergeHeaders(options, fetchHeaders),
    headersFactory: options.headersFactory,
    fetch: usesFetch ? (options.fetch ?? globalThis.fetch) : undefined,
    fetchInit,
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
