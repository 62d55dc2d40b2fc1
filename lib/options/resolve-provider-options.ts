import { configurationError, shown } from '../errors';
import {
  type CheckTable,
  checkOptions,
  flag,
  functionCheck,
  isText,
  milliseconds,
  object,
  oneOf,
  text,
  wholeNumber,
} from './checks';
import { type FlagshipProviderOptions } from './provider-options';
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
  cacheMaxSize: wholeNumber(1, 1_000_000),
  contextTransport: oneOf('query', 'body', 'auto'),
  localEvaluation: flag,
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

/** The provider's options with every default filled in. */
export interface ResolvedProviderOptions {
  readonly source: ResolvedSource;
  /** Absent when nothing is to be kept. */
  readonly cache?: { readonly ttl: number; readonly maxSize: number };
  readonly logging: boolean;
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
    source: resolveSource(options),
    cache: ttl > 0 ? { ttl, maxSize: options.cacheMaxSize ?? 1000 } : undefined,
    logging: options.logging ?? false,
  };
}
