import { configurationError, shown } from '../errors';
import {
  type CheckTable,
  checkOptions,
  booleanOption,
  functionCheck,
  isText,
  milliseconds,
  object,
  oneOf,
  text,
  wholeNumber,
} from './checks';
import { type CircuitBreakerOptions, type FlagshipProviderOptions } from './provider-options';
import { resolveCache, type ResolvedCache } from './resolve-cache';
import { type ResolvedSource, resolveSource } from './resolve-source';

/** Longest interval: with its jitter it must still fit a timer. */
const MAX_REFRESH = 1_900_000_000;
const BINDING_METHODS = [
  'getBooleanDetails',
  'getStringDetails',
  'getNumberDetails',
  'getObjectDetails',
] as const;

const isInterval = (value: unknown): boolean =>
  typeof value === 'number' && value >= 1 && value <= MAX_REFRESH;
const isObjectLike = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isStore(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const { get, set } = value as Readonly<Record<string, unknown>>;
    return typeof get === 'function' && typeof set === 'function';
  } catch {
    // A getter or a proxy that throws: there is nothing to call.
    return false;
  }
}

/** Shorter secrets can be found by trying. */
const MIN_SECRET = 32;
const isSecret = (value: unknown): boolean => isText(value) && value.trim().length >= MIN_SECRET;

const circuitTable: CheckTable<CircuitBreakerOptions> = {
  threshold: wholeNumber(1, 1_000_000),
  halfOpenAfter: milliseconds(1),
};

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
  deadline: milliseconds(1),
  circuitBreaker: (value) =>
    value === false || isObjectLike(value)
      ? undefined
      : 'false or an object with "threshold" and "halfOpenAfter"',
  maxConcurrent: wholeNumber(1, 1_000_000),
  logging: booleanOption,
  cacheTtl: milliseconds(0),
  cacheMaxSize: wholeNumber(1, 1_000_000),
  cacheMaxBytes: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  staleTtl: milliseconds(0),
  staleWhileRevalidate: booleanOption,
  negativeTtl: milliseconds(0),
  cacheStore: (value) => (isStore(value) ? undefined : 'a cache-manager Cache, with "get" and "set"'),
  secret: (value) =>
    isSecret(value) || (Array.isArray(value) && value.length > 0 && value.every(isSecret))
      ? undefined
      : `a text of at least ${MIN_SECRET} characters, or a list of such texts`,
  contextTransport: oneOf('query', 'body', 'auto'),
  spanAttributes: (value) =>
    Array.isArray(value) && value.every(isText) ? undefined : 'a list of attribute names',
  localEvaluation: booleanOption,
  refreshInterval: (value) =>
    isInterval(value) ? undefined : `a number of milliseconds from 1 to ${MAX_REFRESH}`,
  definitionsCache: text,
  definitions: (value) =>
    isText(value) || isObjectLike(value) ? undefined : "a JSON file's path or an object of flags",
  binding: (value) =>
    isObjectLike(value) && BINDING_METHODS.every((method) => typeof value[method] === 'function')
      ? undefined
      : `a Flagship binding with ${BINDING_METHODS.join(', ')}`,
};

export const providerOptionNames = Object.keys(table) as readonly (keyof FlagshipProviderOptions)[];

export { type ResolvedCache } from './resolve-cache';

/** The provider's options with every default filled in. */
export interface ResolvedProviderOptions {
  readonly source: ResolvedSource;
  readonly cache: ResolvedCache;
  /** How many questions may be under way at once. */
  readonly maxConcurrent: number;
  readonly logging: boolean;
  /** The first one is used for whatever is new. */
  readonly secrets: readonly string[];
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
  if (options.circuitBreaker) checkOptions(options.circuitBreaker, circuitTable, 'circuitBreaker.');
  return {
    source: resolveSource(options),
    cache: resolveCache(options),
    maxConcurrent: options.maxConcurrent ?? 5000,
    logging: options.logging ?? false,
    secrets: options.secret === undefined ? [] : [options.secret].flat(),
  };
}
