import { configurationError, shown } from '../errors';
import {
  type CheckTable,
  checkOptions,
  flag,
  functionCheck,
  milliseconds,
  object,
  oneOf,
  text,
  wholeNumber,
} from './checks';
import { type ContextTransport, type FlagshipProviderOptions, type HeadersInput } from './provider-options';
import { resolveEndpoint } from './resolve-endpoint';
import { type HeaderMap, resolveHeaders } from './resolve-headers';

/** Most repetitions of an attempt, as in the vendor's SDKs. */
const MAX_RETRIES = 10;
/** Longest pause between attempts, as in the vendor's SDKs. */
const MAX_RETRY_DELAY = 30_000;

const table: CheckTable<FlagshipProviderOptions> = {
  appId: text,
  accountId: text,
  authToken: text,
  baseUrl: text,
  endpoint: text,
  headers: (value) => (typeof value === 'object' && value !== null ? undefined : 'headers'),
  headersFactory: functionCheck,
  fetchOptions: object,
  fetch: functionCheck,
  timeout: milliseconds(1),
  retries: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  retryDelay: milliseconds(0),
  logging: flag,
  cacheTtl: milliseconds(0),
  cacheMaxSize: wholeNumber(1, 10_000_000),
  contextTransport: oneOf('query', 'body', 'auto'),
};

export const providerOptionNames = Object.keys(table) as readonly (keyof FlagshipProviderOptions)[];

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

/** The provider's options with every default filled in. */
export interface ResolvedProviderOptions {
  readonly http: ResolvedHttpOptions;
  readonly contextTransport: ContextTransport;
  /** Absent when nothing is to be kept. */
  readonly cache?: { readonly ttl: number; readonly maxSize: number };
  readonly logging: boolean;
}

function resolveHttp(options: FlagshipProviderOptions): ResolvedHttpOptions {
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

/**
 * Checks the provider's options and fills in the defaults.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` naming the option, what was given and what is accepted.
 */
export function resolveProviderOptions(options: FlagshipProviderOptions): ResolvedProviderOptions {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw configurationError(`the options must be an object, but are ${shown(given)}.`);
  }
  checkOptions(options, table);
  const ttl = options.cacheTtl ?? 0;
  return {
    http: resolveHttp(options),
    contextTransport: options.contextTransport ?? 'query',
    cache: ttl > 0 ? { ttl, maxSize: options.cacheMaxSize ?? 1000 } : undefined,
    logging: options.logging ?? false,
  };
}
