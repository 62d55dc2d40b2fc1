import { hash } from 'node:crypto';
import { configurationError } from '../errors';
import { MAX_TIMER_MS } from './checks';
import { type FlagshipProviderOptions, type HeadersInput } from './provider-options';
import { resolveEndpoint } from './resolve-endpoint';
import { type HeaderMap, resolveHeaders } from './resolve-headers';

/** Most repetitions of an attempt, as in the vendor's SDKs. */
const MAX_RETRIES = 10;
/** Longest pause between attempts, as in the vendor's SDKs. */
export const MAX_RETRY_DELAY = 30_000;

/** Everything `http/` needs to talk to Flagship. */
export interface ResolvedHttpOptions {
  readonly endpoint: URL;
  readonly headers: HeaderMap;
  readonly headersFactory?: () => HeadersInput | Promise<HeadersInput>;
  /** Present when requests are to go through `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  readonly fetchInit: Readonly<Record<string, unknown>>;
  readonly timeout: number;
  readonly retries: number;
  readonly retryDelay: number;
  /** Time limit of all attempts and pauses together. */
  readonly deadline: number;
  /** Was it given, and is it not the default? */
  readonly hasOwnDeadline: boolean;
  /** Absent when Flagship is to be asked whatever happens. */
  readonly circuit?: ResolvedCircuit;
  /** Names account and app wherever something is kept for them. */
  readonly namespace: string;
}

/** When to stop asking, and when to try again. */
export interface ResolvedCircuit {
  readonly threshold: number;
  readonly halfOpenAfter: number;
}

function resolveCircuit({ circuitBreaker = {} }: FlagshipProviderOptions): ResolvedCircuit | undefined {
  if (circuitBreaker === false) return undefined;
  const { threshold = 5, halfOpenAfter = 10_000 } = circuitBreaker;
  return { threshold, halfOpenAfter };
}

/** Two apps never share a namespace: neither those of one account nor equally named ones at two addresses. */
function namespaceOf({ appId, accountId }: FlagshipProviderOptions, endpoint: URL): string {
  const address = hash('sha256', endpoint.href, 'hex').slice(0, 16);
  const names = [accountId, appId].map((name) => encodeURIComponent(name ?? '-'));
  return [...names, address].join(':');
}

/** How long all attempts and pauses take at most, in milliseconds. */
export function timeForAll({
  timeout,
  retries,
  retryDelay,
}: Pick<ResolvedHttpOptions, 'timeout' | 'retries' | 'retryDelay'>): number {
  return Math.min(timeout * (retries + 1) + retryDelay * retries, MAX_TIMER_MS);
}

/** Checks what the options say about HTTP and fills in the defaults. */
export function resolveHttp(options: FlagshipProviderOptions): ResolvedHttpOptions {
  const { headers: fetchHeaders, ...fetchInit } = options.fetchOptions ?? {};
  const usesFetch = options.fetch !== undefined || Object.keys(fetchInit).length > 0;
  if (usesFetch && typeof (options.fetch ?? globalThis.fetch) !== 'function') {
    throw configurationError('option "fetchOptions" needs a global "fetch"; give one as option "fetch".');
  }
  const token: HeaderMap =
    options.authToken === undefined ? {} : { authorization: `Bearer ${options.authToken}` };
  const endpoint = resolveEndpoint(options);
  const timeout = options.timeout ?? 5000;
  const retries = Math.min(options.retries ?? 1, MAX_RETRIES);
  const retryDelay = Math.min(options.retryDelay ?? 1000, MAX_RETRY_DELAY);
  return {
    endpoint,
    headers: {
      ...resolveHeaders('authToken', token),
      ...resolveHeaders('fetchOptions.headers', fetchHeaders as HeadersInput | undefined),
      ...resolveHeaders('headers', options.headers),
    },
    headersFactory: options.headersFactory,
    fetch: usesFetch ? (options.fetch ?? globalThis.fetch) : undefined,
    fetchInit,
    timeout,
    retries,
    retryDelay,
    hasOwnDeadline: options.deadline !== undefined,
    deadline: options.deadline ?? timeForAll({ timeout, retries, retryDelay }),
    circuit: resolveCircuit(options),
    namespace: namespaceOf(options, endpoint),
  };
}
