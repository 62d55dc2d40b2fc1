import { ProviderStatus } from '@openfeature/server-sdk';
import { type UpstreamOutcomes } from '../http';
import { type FlagshipStats } from '../provider';
import { wallClockMs } from '../runtime';

/**
 * `ok`: flags are up to date. `degraded`: flags are in force and may be out of date. `unavailable`: evaluations answer
 * their defaults, or what is in the cache.
 */
export type FlagshipCondition = 'ok' | 'degraded' | 'unavailable';

/** Requests to Flagship since the start, and how they ended. */
export type UpstreamHealth = UpstreamOutcomes & { readonly requests: number; readonly inFlight: number };

/** What the health check tells. Counts and states only: no flag, no context, no token. */
export interface FlagshipHealth {
  readonly condition: FlagshipCondition;
  /** Why it is not `ok`; empty when it is. */
  readonly reasons: readonly string[];
  /** OpenFeature's word for the provider: `READY`, `STALE`, `ERROR`, `NOT_READY`, `FATAL`. */
  readonly provider: string;
  /** Evaluations since the start; those that answered the default with an error, and those that answered an old value. */
  readonly evaluations?: number;
  readonly errors?: number;
  readonly stale?: number;
  /** Absent where there is no circuit breaker. Times are ISO 8601. */
  readonly circuit?: { readonly state: string; readonly since: string };
  /** Absent where no definitions are downloaded. */
  readonly definitions?: { readonly confirmedAt?: string };
  /** Absent without HTTP. */
  readonly upstream?: UpstreamHealth;
}

interface Finding {
  readonly condition: FlagshipCondition;
  readonly reason: string;
}

/** READY, and what other providers may be in between: they are at work. */
const CONDITIONS: Readonly<Record<string, FlagshipCondition>> = {
  [ProviderStatus.STALE]: 'degraded',
  [ProviderStatus.NOT_READY]: 'unavailable',
  [ProviderStatus.ERROR]: 'unavailable',
  [ProviderStatus.FATAL]: 'unavailable',
};

function judgeProvider(status: string): Finding[] {
  const condition = CONDITIONS[status];
  return condition === undefined ? [] : [{ condition, reason: `The flag provider is ${status}.` }];
}

function judgeCircuit({ circuit }: FlagshipStats): Finding[] {
  if (circuit === undefined || circuit.state === 'closed') return [];
  const reason = `The circuit to Flagship is ${circuit.state} since ${circuit.since.toISOString()}.`;
  return [{ condition: 'unavailable', reason }];
}

function judgeAge({ definitions }: FlagshipStats, maxAge: number | undefined): Finding[] {
  if (definitions === undefined || maxAge === undefined) return [];
  const { confirmedAt } = definitions;
  if (confirmedAt !== undefined && wallClockMs() - confirmedAt.getTime() <= maxAge) return [];
  const when = confirmedAt === undefined ? 'not since the start' : `last at ${confirmedAt.toISOString()}`;
  return [
    {
      condition: 'unavailable',
      reason: `Flagship has confirmed the definitions ${when} (maxAge ${maxAge}).`,
    },
  ];
}

function worst(findings: readonly Finding[]): FlagshipCondition {
  if (findings.some(({ condition }) => condition === 'unavailable')) return 'unavailable';
  return findings.length > 0 ? 'degraded' : 'ok';
}

/**
 * How the flags are.
 *
 * @param status OpenFeature's word for the provider.
 * @param stats What the provider has counted; nothing of another provider than Flagship's.
 */
export function flagshipHealth(
  status: string,
  stats: FlagshipStats | undefined,
  maxAge: number | undefined,
): FlagshipHealth {
  const findings = judgeProvider(status);
  if (stats !== undefined) findings.push(...judgeCircuit(stats), ...judgeAge(stats, maxAge));
  const health = {
    condition: worst(findings),
    reasons: findings.map(({ reason }) => reason),
    provider: status,
  };
  return stats === undefined ? health : { ...health, ...numbersOf(stats) };
}

function numbersOf({ evaluations, errors, stale, circuit, definitions, upstream }: FlagshipStats) {
  return {
    evaluations,
    errors,
    stale,
    ...(circuit && { circuit: { state: circuit.state, since: circuit.since.toISOString() } }),
    ...(definitions && { definitions: { confirmedAt: definitions.confirmedAt?.toISOString() } }),
    ...(upstream && {
      upstream: { requests: upstream.requests, inFlight: upstream.inFlight, ...upstream.outcomes },
    }),
  };
}
