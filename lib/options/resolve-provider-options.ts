import { configurationError, describeValue } from '../errors';
import { isObject } from '../types';
import {
  type CheckTable,
  checkOptions,
  booleanOption,
  functionOption,
  isText,
  milliseconds,
  objectOption,
  oneOf,
  reading,
  readOptions,
  readText,
  textOption,
  tokenOption,
  urlOption,
  wholeNumber,
} from './checks';
import { MAX_REFRESH_INTERVAL_MS, PROVIDER_DEFAULTS } from './defaults';
import { type CircuitBreakerOptions, type FlagshipProviderOptions } from './provider-options';
import { resolveCache, type ResolvedCache } from './resolve-cache';
import { type ResolvedSource, resolveSource } from './resolve-source';

const BINDING_METHODS = [
  'getBooleanDetails',
  'getStringDetails',
  'getNumberDetails',
  'getObjectDetails',
] as const;

const isObjectLike = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isStore(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const { get, set } = value as Readonly<Record<string, unknown>>;
    return typeof get === 'function' && typeof set === 'function';
  } catch {
    // A getter or a proxy threw: the store has no methods to call.
    return false;
  }
}

/** A shorter secret can be guessed by trying. */
const MIN_SECRET_LENGTH = 32;
const isSecret = (value: unknown): boolean => isText(value) && value.trim().length >= MIN_SECRET_LENGTH;
const readSecret = (value: unknown): unknown =>
  Array.isArray(value) ? value.map((secret: unknown) => readText(secret) ?? '') : readText(value);

const circuitBreakerChecks: CheckTable<CircuitBreakerOptions> = {
  threshold: wholeNumber(1, 1_000_000),
  halfOpenAfter: milliseconds(1),
};

const providerChecks: CheckTable<FlagshipProviderOptions> = {
  appId: textOption,
  accountId: textOption,
  authToken: tokenOption,
  baseUrl: urlOption,
  endpoint: urlOption,
  headers: (value) => (isObject(value) ? undefined : 'headers'),
  headersFactory: functionOption,
  fetchOptions: objectOption,
  fetch: functionOption,
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
  secret: reading(
    (value) =>
      isSecret(value) || (Array.isArray(value) && value.length > 0 && value.every(isSecret))
        ? undefined
        : `a text of at least ${MIN_SECRET_LENGTH} characters, or a list of such texts`,
    readSecret,
  ),
  contextTransport: oneOf('query', 'body', 'auto'),
  spanAttributes: (value) =>
    Array.isArray(value) && value.every(isText) ? undefined : 'a list of attribute names',
  localEvaluation: booleanOption,
  refreshInterval: milliseconds(1, MAX_REFRESH_INTERVAL_MS),
  definitionsCache: textOption,
  definitions: reading((value) =>
    isText(value) || isObject(value) ? undefined : "a JSON file's path or an object or a list of flags",
  ),
  binding: (value) =>
    isObjectLike(value) && BINDING_METHODS.every((method) => typeof value[method] === 'function')
      ? undefined
      : `a Flagship binding with ${BINDING_METHODS.join(', ')}`,
};

/** The names of all provider options. */
export const providerOptionNames = Object.keys(providerChecks) as readonly (keyof FlagshipProviderOptions)[];

/** Returns the provider's options with the values that count, unchecked. An option without one is left out. */
export function givenProviderOptions(options: FlagshipProviderOptions): FlagshipProviderOptions {
  return readOptions(options, providerChecks);
}

/** The provider's options with their defaults. */
export interface ResolvedProviderOptions {
  readonly source: ResolvedSource;
  readonly cache: ResolvedCache;
  /** Maximum number of concurrent evaluations by the source. */
  readonly maxConcurrent: number;
  readonly logging: boolean;
  /** The first one is used for new entries. */
  readonly secrets: readonly string[];
}

/**
 * Checks the provider's options and returns them with their defaults.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` with the option's name, the given value and what is accepted.
 */
export function resolveProviderOptions(given: FlagshipProviderOptions): ResolvedProviderOptions {
  if (!isObject(given)) {
    throw configurationError(`the options must be an object, but are ${describeValue(given)}.`);
  }
  const options = checkOptions(given, providerChecks);
  if (options.circuitBreaker) checkOptions(options.circuitBreaker, circuitBreakerChecks, 'circuitBreaker.');
  return {
    source: resolveSource(options),
    cache: resolveCache(options),
    maxConcurrent: options.maxConcurrent ?? PROVIDER_DEFAULTS.maxConcurrent,
    logging: options.logging ?? PROVIDER_DEFAULTS.logging,
    secrets: options.secret === undefined ? [] : [options.secret].flat(),
  };
}
