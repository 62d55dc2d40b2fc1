import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { FlagshipError, FlagshipErrorCode, isErrorOf } from '../errors';
import { isTransientStatus } from './transient-error';

/** How requests to Flagship ended, retries counted one by one. */
export interface UpstreamOutcomes {
  /** Answered with a value, with definitions, or with "unchanged". */
  readonly answered: number;
  /** HTTP 404: the flag does not exist. */
  readonly notFound: number;
  /** Any other final status: 400, 401, 403, a redirect. */
  readonly refused: number;
  /** HTTP 429. */
  readonly throttled: number;
  /** HTTP 5xx, 408, 425. */
  readonly failed: number;
  /** No complete answer in time. */
  readonly timedOut: number;
  /** No connection, or one that was cut. */
  readonly unreachable: number;
  /** An answer that is not Flagship's, or is too large. */
  readonly unreadable: number;
}

/** How long requests took, failures included, in milliseconds; zeros before the first. */
export interface LatencySummary {
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Requests to Flagship. */
export interface UpstreamStats {
  /** All that were sent, those under way included. */
  readonly requests: number;
  readonly inFlight: number;
  readonly outcomes: UpstreamOutcomes;
  readonly latency: LatencySummary;
}

type Counts = { -readonly [Outcome in keyof UpstreamOutcomes]: number };

/** Microseconds up to an hour, to two digits: a few kilobytes, however many requests. */
const RANGE = { lowest: 1, highest: 3_600_000_000, figures: 2 } as const;

function outcomeOfStatus(status: number): keyof Counts {
  if (status < 300 || status === 304) return 'answered';
  if (status === 404) return 'notFound';
  if (status === 429) return 'throttled';
  return isTransientStatus(status) ? 'failed' : 'refused';
}

function outcomeOfError(error: unknown): keyof Counts {
  if (!isErrorOf(error, FlagshipError)) return 'unreachable';
  if (error.code === FlagshipErrorCode.TIMEOUT_ERROR) return 'timedOut';
  return error.code === FlagshipErrorCode.PARSE_ERROR ? 'unreadable' : 'unreachable';
}

/** Counts requests and how they ended. */
export class UpstreamMeter {
  private readonly latency: RecordableHistogram = createHistogram(RANGE);
  private inFlight = 0;
  private readonly counts: Counts = {
    answered: 0,
    notFound: 0,
    refused: 0,
    throttled: 0,
    failed: 0,
    timedOut: 0,
    unreachable: 0,
    unreadable: 0,
  };

  startRequest(): void {
    this.inFlight++;
  }

  /** @param error What reading the answer threw: a 2xx that cannot be read counts otherwise than one that can. */
  endWithResponse(status: number, duration: number, error?: unknown): void {
    const outcome = outcomeOfStatus(status);
    this.end(outcome === 'answered' && error !== undefined ? 'unreadable' : outcome, duration);
  }

  endWithError(error: unknown, duration: number): void {
    this.end(outcomeOfError(error), duration);
  }

  stats(): UpstreamStats {
    const outcomes = { ...this.counts };
    const ended = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
    return { requests: ended + this.inFlight, inFlight: this.inFlight, outcomes, latency: this.summary() };
  }

  private end(outcome: keyof Counts, duration: number): void {
    this.inFlight--;
    this.counts[outcome]++;
    this.latency.record(Math.min(Math.max(1, Math.round(duration * 1000)), RANGE.highest));
  }

  private summary(): LatencySummary {
    const { latency } = this;
    if (latency.count === 0) return { mean: 0, min: 0, p50: 0, p90: 0, p99: 0, max: 0 };
    const [mean, min, max] = [latency.mean / 1000, latency.min / 1000, latency.max / 1000];
    const [p50, p90, p99] = [50, 90, 99].map((share) => latency.percentile(share) / 1000);
    return { mean, min, p50: p50 as number, p90: p90 as number, p99: p99 as number, max };
  }
}
