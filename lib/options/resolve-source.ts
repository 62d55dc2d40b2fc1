import { configurationError } from '../errors';
import { type FlagsInput } from './definitions';
import {
  type ContextTransport,
  type FlagshipBinding,
  type FlagshipProviderOptions,
} from './provider-options';
import { resolveHttp, type ResolvedHttpOptions } from './resolve-http';

/** Where answers come from. */
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

/** Options that only make sense for HTTP. */
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

/** Options that only make sense where answers come from afar. */
const CACHE_OPTIONS = ['cacheTtl', 'staleTtl', 'staleWhileRevalidate', 'negativeTtl'] as const;

/** As long as one attempt over HTTP may take. */
const BINDING_DEADLINE = 5000;

/** Spelt out defaults cannot be in conflict with anything. */
const SAYS_NOTHING = new Set([
  'localEvaluation false',
  'cacheTtl 0',
  'staleTtl 0',
  'staleWhileRevalidate false',
  'negativeTtl 0',
]);

function exclude(options: FlagshipProviderOptions, source: string, others: readonly string[]): void {
  const given = options as Readonly<Record<string, unknown>>;
  const conflicts = others.filter(
    (name) => given[name] !== undefined && !SAYS_NOTHING.has(`${name} ${JSON.stringify(given[name])}`),
  );
  if (conflicts.length === 0) return;
  const names = conflicts.map((name) => `"${name}"`).join(', ');
  throw configurationError(`option "${source}" and ${names} exclude each other; give one or the other.`);
}

function resolveLocal(options: FlagshipProviderOptions): ResolvedSource {
  exclude(options, 'localEvaluation', CACHE_OPTIONS);
  const http = resolveHttp(options);
  if (options.accountId === undefined) {
    throw configurationError(
      'option "accountId" is missing; "localEvaluation" needs it to seed the rollouts.',
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
    refreshInterval: options.refreshInterval ?? 30_000,
    cacheFile: options.definitionsCache,
  };
}

/** Decides where answers come from. */
export function resolveSource(options: FlagshipProviderOptions): ResolvedSource {
  const { binding, definitions, accountId = 'local' } = options;
  if (binding !== undefined) {
    exclude(options, 'binding', [...HTTP_OPTIONS, 'accountId', 'definitions']);
    return { kind: 'binding', binding, deadline: options.deadline ?? BINDING_DEADLINE };
  }
  if (definitions !== undefined) {
    exclude(options, 'definitions', [...HTTP_OPTIONS, ...CACHE_OPTIONS, 'deadline', 'maxConcurrent']);
    return { kind: 'static', definitions, accountId };
  }
  if (options.localEvaluation === true) return resolveLocal(options);
  return {
    kind: 'remote',
    http: resolveHttp(options),
    contextTransport: options.contextTransport ?? 'query',
    spanAttributes: options.spanAttributes ?? [],
  };
}
