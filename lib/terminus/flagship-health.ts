import { ProviderStatus } from '@openfeature/server-sdk';
import { type UpstreamOutcomes } from '../http';
import { type FlagshipStats } from '../provider';
import { wallClockMs } from '../runtime';

/**
 * The condition of the flags. `ok`: they are up to date. `degraded`: they are evaluated but may be out of date.
 * `unavailable`: evaluations resolve with their defaults, or from the cache.
 */
export type FlagshipCondition = 'ok' | 'degraded' | 'unavailable';

/** The requests to Flagship since the start, in total, in flight, and by outcome. */
export type UpstreamHealth = UpstreamOutcomes & { readonly requests: number; readonly inFlight: number };

/** The details of a health check: counts, states and the ID of the app; no flag, no context and no token. */
export interface FlagshipHealth {
  /** The condition of the flags. */
  readonly condition: FlagshipCondition;
  /** The reasons why the condition is not `ok`; empty if it is. */
  readonly reasons: readonly string[];
  /** The OpenFeature status of the provider: `READY`, `STALE`, `ERROR`, `NOT_READY` or `FATAL`. */
  readonly provider: string;
  /** The ID of the app; absent where the options do not name it. */
  readonly flagSetId?: string;
  /** The number of evaluations since the start. */
  readonly evaluations?: number;
  /** The number of evaluations that failed and resolved with the default. */
  readonly errors?: number;
  /** The number of evaluations that resolved with a stale value. */
  readonly stale?: number;
  /** The state of the circuit breaker, and since when (ISO 8601); absent without a circuit breaker. */
  readonly circuit?: { readonly state: string; readonly since: string };
  /**
   * The time at which Flagship last confirmed the definitions (ISO 8601), and their version; absent if none are
   * downloaded.
   */
  readonly definitions?: { readonly confirmedAt?: string; readonly version?: string };
  /** The requests to Flagship; absent if there is no HTTP client. */
  readonly upstream?: UpstreamHealth;
}

/** A condition that is not `ok`, and its reason. */
interface Finding {
  readonly condition: FlagshipCondition;
  readonly reason: string;
}

/** The conditions by provider status. READY, and transitional states of other providers, count as `ok`. */
const CONDITIONS: Readonly<Record<string, FlagshipCondition>> = {
  [ProviderStatus.STALE]: 'degraded',
  [ProviderStatus.NOT_READY]: 'unavailable',
  [ProviderStatus.ERROR]: 'unavailable',
  [ProviderStatus.FATAL]: 'unavailable',
};

function providerFindings(status: string): Finding[] {
  const condition = CONDITIONS[status];
  return condition === undefined ? [] : [{ condition, reason: `The flag provider is ${status}.` }];
}

function circuitFindings({ circuit }: FlagshipStats): Finding[] {
  if (circuit === undefined || circuit.state === 'closed') return [];
  const reason = `The circuit to Flagship is ${circuit.state} since ${circuit.since.toISOString()}.`;
  return [{ condition: 'unavailable', reason }];
}

function ageFindings({ definitions }: FlagshipStats, maxAge: number | undefined): Finding[] {
  if (definitions === undefined || maxAge === undefined) return [];
  const { confirmedAt } = definitions;
  if (confirmedAt !== undefined && wallClockMs() - confirmedAt.getTime() <= maxAge) return [];
  const age =
    confirmedAt === undefined
      ? 'has not confirmed the definitions since the start'
      : `last confirmed the definitions at ${confirmedAt.toISOString()}`;
  return [{ condition: 'unavailable', reason: `Flagship ${age} (maxAge ${maxAge} ms).` }];
}

function worstCondition(findings: readonly Finding[]): FlagshipCondition {
  if (findings.some(({ condition }) => condition === 'unavailable')) return 'unavailable';
  return findings.length > 0 ? 'degraded' : 'ok';
}

/**
 * Returns the condition of the flags with reasons and statistics.
 *
 * @param status The OpenFeature status of the provider.
 * @param stats The provider's statistics; undefined if the provider is not Flagship's.
 * @param maxAge The option `maxAge` in milliseconds.
 */
export function flagshipHealth(
  status: string,
  stats: FlagshipStats | undefined,
  maxAge: number | undefined,
): FlagshipHealth {
  const findings = providerFindings(status);
  if (stats !== undefined) findings.push(...circuitFindings(stats), ...ageFindings(stats, maxAge));
  const health = {
    condition: worstCondition(findings),
    reasons: findings.map(({ reason }) => reason),
    provider: status,
  };
  return stats === undefined ? health : { ...health, ...statsFields(stats) };
}

function statsFields(stats: FlagshipStats) {
  const { flagSetId, evaluations, errors, stale, circuit, definitions, upstream } = stats;
  return {
    ...(flagSetId !== undefined && { flagSetId }),
    evaluations,
    errors,
    stale,
    ...(circuit && { circuit: { state: circuit.state, since: circuit.since.toISOString() } }),
    ...(definitions && {
      definitions: { confirmedAt: definitions.confirmedAt?.toISOString(), version: definitions.version },
    }),
    ...(upstream && {
      upstream: { requests: upstream.requests, inFlight: upstream.inFlight, ...upstream.outcomes },
    }),
  };
}
