import { type FlagshipModuleOptions } from 'nestjs-flagship';

export type Mode = 'remote' | 'local';

/** Requests a second, of so many users. */
export const RATE = 150;
export const USERS = 2000;
export const LOAD_CONNECTIONS = 256;

const HTTP = { timeout: 200, retries: 1, retryDelay: 50 } as const;
const CACHE = { cacheTtl: 300, staleTtl: 2000, cacheMaxSize: 500 } as const;
const CIRCUIT = { threshold: 3, halfOpenAfter: 500 } as const;
const REFRESH_INTERVAL = 200;

/** How late a busy machine may make anything, in milliseconds. */
export const SLACK = 500;
/** How long one evaluation may take. */
export const DEADLINE = { remote: HTTP.timeout * 2 + HTTP.retryDelay, local: 0 } as const;
/** How often a request of the application waits for an evaluation: guard, parameter, service. */
export const EVALUATIONS_IN_A_ROW = 3;
/** How long after Flagship's recovery an answer may still be an old one or the default. */
export const RECOVERY = {
  remote: HTTP.timeout + CIRCUIT.halfOpenAfter + CACHE.cacheTtl + SLACK,
  local: DEADLINE.remote + REFRESH_INTERVAL * 1.1 + SLACK,
} as const;
/** How long after its end an old value may be served at all; definitions are kept for as long as it takes. */
export const MOST_AGE = {
  remote: CACHE.cacheTtl + CACHE.staleTtl + DEADLINE.remote + SLACK,
  local: Infinity,
} as const;

/** The options of the application's module; the time limits are short, so that minutes hold many outages. */
export function moduleOptions(mode: Mode, endpoint: string): FlagshipModuleOptions {
  const shared = { endpoint, ...HTTP, requestContext: { userId: 'x-user-id' } };
  return mode === 'local'
    ? { ...shared, accountId: 'account', localEvaluation: true, refreshInterval: REFRESH_INTERVAL }
    : { ...shared, ...CACHE, circuitBreaker: CIRCUIT };
}
