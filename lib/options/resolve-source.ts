import { configurationError } from '../errors';
import { type FlagsInput } from '../types';
import { PROVIDER_DEFAULTS } from './defaults';
import {
  type ContextTransport,
  type FlagshipBinding,
  type FlagshipProviderOptions,
} from './provider-options';
import { CHECK_ENVIRONMENT } from './resolve-endpoint';
import { resolveHttp, type ResolvedHttpOptions } from './resolve-http';

/** The source that evaluates the flags, with its options. Times are in milliseconds. */
export type ResolvedSource =
  | {
      readonly kind: 'remote';
      readonly http: ResolvedHttpOptions;
      readonly contextTransport: ContextTransport;
      readonly spanAttributes: readonly string[];
    }
  | {
      readonly kind: 'polling';
      readonly http: ResolvedHttpOptions;
      readonly accountId: string;
      readonly refreshInterval: number;
      readonly cacheFile?: string;
    }
  | { readonly kind: 'static'; readonly definitions: string | FlagsInput; readonly accountId: string }
  | { readonly kind: 'binding'; readonly binding: FlagshipBinding; readonly deadline: number };

/** Options that have an effect only with requests over HTTP. */
const HTTP_OPTIONS = [
  'appId',
  'endpoint',
  'baseUrl',
  'authToken',
  'headers',
  'headersFactory',
  'fetchOptions',
  'fetch',
  'timeout',
  'retries',
  'retryDelay',
  'circuitBreaker',
  'contextTransport',
  'spanAttributes',
  'localEvaluation',
  'refreshInterval',
  'definitionsCache',
  'cacheStore',
] as const;

/** Options that have an effect only where an evaluation leaves the process. */
const CACHE_OPTIONS = ['cacheTtl', 'staleTtl', 'staleWhileRevalidate', 'negativeTtl'] as const;

/** Options with these values change nothing, so that they are in no conflict. */
const WITHOUT_EFFECT = new Set([
  'localEvaluation false',
  'cacheTtl 0',
  'staleTtl 0',
  'staleWhileRevalidate false',
  'negativeTtl 0',
]);

/** @throws FlagshipError `CONFIGURATION_ERROR` when an option is given together with one that excludes it. */
function exclude(options: FlagshipProviderOptions, source: string, excluded: readonly string[]): void {
  const given = options as Readonly<Record<string, unknown>>;
  const conflicts = excluded.filter(
    (name) => given[name] !== undefined && !WITHOUT_EFFECT.has(`${name} ${JSON.stringify(given[name])}`),
  );
  if (conflicts.length === 0) return;
  const names = conflicts.map((name) => `"${name}"`).join(', ');
  throw configurationError(`option "${source}" and ${names} exclude each other; give one or the other.`);
}

function resolvePolling(options: FlagshipProviderOptions): ResolvedSource {
  exclude(options, 'localEvaluation', CACHE_OPTIONS);
  const http = resolveHttp(options);
  if (options.accountId === undefined) {
    throw configurationError(
      `option "accountId" is missing; "localEvaluation" needs it to seed the rollouts ${CHECK_ENVIRONMENT}.`,
    );
  }
  if (!http.endpoint.pathname.endsWith('/evaluate')) {
    throw configurationError(
      'option "endpoint" must end in "/evaluate" for "localEvaluation", which finds the definitions beside it.',
    );
  }
  return {
    kind: 'polling',
    http,
    accountId: options.accountId,
    refreshInterval: options.refreshInterval ?? PROVIDER_DEFAULTS.refreshInterval,
    cacheFile: options.definitionsCache,
  };
}

/**
 * Returns the source that the options name: a binding, definitions, local evaluation or, by default, requests.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` for options that exclude each other, and as {@link resolveHttp}.
 */
export function resolveSource(options: FlagshipProviderOptions): ResolvedSource {
  const { binding, definitions } = options;
  if (binding !== undefined) {
    exclude(options, 'binding', [...HTTP_OPTIONS, 'accountId', 'definitions']);
    return { kind: 'binding', binding, deadline: options.deadline ?? PROVIDER_DEFAULTS.bindingDeadline };
  }
  if (definitions !== undefined) {
    exclude(options, 'definitions', [...HTTP_OPTIONS, ...CACHE_OPTIONS, 'deadline', 'maxConcurrent']);
    return {
      kind: 'static',
      definitions,
      accountId: options.accountId ?? PROVIDER_DEFAULTS.definitionsAccountId,
    };
  }
  if (options.localEvaluation === true) return resolvePolling(options);
  return {
    kind: 'remote',
    http: resolveHttp(options),
    contextTransport: options.contextTransport ?? PROVIDER_DEFAULTS.contextTransport,
    spanAttributes: options.spanAttributes ?? PROVIDER_DEFAULTS.spanAttributes,
  };
}
