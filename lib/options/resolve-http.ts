import { configurationError } from '../errors';
import { type FlagshipProviderOptions, type HeadersInput } from './provider-options';
import { resolveEndpoint } from './resolve-endpoint';
import { type HeaderMap, resolveHeaders } from './resolve-headers';

/** Most repetitions of an attempt, as in the vendor's SDKs. */
const MAX_RETRIES = 10;
/** Longest pause between attempts, as in the vendor's SDKs. */
const MAX_RETRY_DELAY = 30_000;

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
  return {
    endpoint: resolveEndpoint(options),
    headers: {
      ...resolveHeaders('authToken', token),
      ...resolveHeaders('fetchOptions.headers', fetchHeaders as HeadersInput | undefined),
      ...resolveHeaders('headers', options.headers),
    },
    headersFactory: options.headersFactory,
    fetch: usesFetch ? (options.fetch ?? globalThis.fetch) : undefined,
    fetchInit,
    timeout: options.timeout ?? 5000,
    retries: Math.min(options.retries ?? 1, MAX_RETRIES),
    retryDelay: Math.min(options.retryDelay ?? 1000, MAX_RETRY_DELAY),
  };
}
