import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { FlagshipError, FlagshipErrorCode, isErrorOf } from '../errors';
import { isTransientStatus } from './request-errors';

/** Number of requests to Flagship by their outcome. Every retry counts as a request. */
export interface UpstreamOutcomes {
  /** Responses with a value, with definitions, or with HTTP 304. */
  readonly answered: number;
  /** HTTP 404: the flag does not exist. */
  readonly notFound: number;
  /** Any other final status: 400, 401, 403, a redirect. */
  readonly refused: number;
  /** HTTP 429. */
  readonly throttled: number;
  /** HTTP 5xx, 408, 425. */
  readonly failed: number;
  /** No complete response within the time limit. */
  readonly timedOut: number;
  /** No connection, or a connection that was cut. */
  readonly unreachable: number;
  /** A response that is not in Flagship's format, or is too large. */
  readonly unreadable: number;
}

/**
 * Durations of requests in milliseconds, failures included; zeros before the first request, and where the runtime has no
 * histogram (Cloudflare Workers).
 */
export interface LatencySummary {
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Statistics of the requests to Flagship. */
export interface UpstreamStats {
  /** Number of requests sent, pending ones included. */
  readonly requests: number;
  /** Number of pending requests. */
  readonly inFlight: number;
  /** Number of ended requests by their outcome. */
  readonly outcomes: UpstreamOutcomes;
  /** Durations of the ended requests. */
  readonly latency: LatencySummary;
}

type Counts = { -readonly [Outcome in keyof UpstreamOutcomes]: number };

/**
 * Microseconds up to an hour, to two significant digits. The histogram takes a few kilobytes for any number of
 * requests.
 */
const LATENCY_RANGE = { lowest: 1, highest: 3_600_000_000, figures: 2 } as const;

/** Returns a histogram, or undefined where the runtime has none: Cloudflare's `workerd` 1.20261117.1 throws. */
function newHistogram(): RecordableHistogram | undefined {
  try {
    return createHistogram(LATENCY_RANGE);
  } catch {
    return undefined;
  }
}

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

/** Counts requests by their outcome, and measures their durations. */
export class UpstreamMeter {
  private readonly latency = newHistogram();
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

  /** @param error What reading the response threw. A success that cannot be read counts as unreadable. */
  endWithResponse(status: number, durationMs: number, error?: unknown): void {
    const outcome = outcomeOfStatus(status);
    this.end(outcome === 'answered' && error !== undefined ? 'unreadable' : outcome, durationMs);
  }

  endWithError(error: unknown, durationMs: number): void {
    this.end(outcomeOfError(error), durationMs);
  }

  stats(): UpstreamStats {
    const outcomes = { ...this.counts };
    const ended = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
    return { requests: ended + this.inFlight, inFlight: this.inFlight, outcomes, latency: this.summary() };
  }

  private end(outcome: keyof Counts, durationMs: number): void {
    this.inFlight--;
    this.counts[outcome]++;
    this.latency?.record(Math.min(Math.max(1, Math.round(durationMs * 1000)), LATENCY_RANGE.highest));
  }

  private summary(): LatencySummary {
    const { latency } = this;
    if (latency === undefined || latency.count === 0)
      return { mean: 0, min: 0, p50: 0, p90: 0, p99: 0, max: 0 };
    const [mean, min, max] = [latency.mean / 1000, latency.min / 1000, latency.max / 1000];
    const [p50, p90, p99] = [50, 90, 99].map((share) => latency.percentile(share) / 1000);
    return { mean, min, p50: p50 as number, p90: p90 as number, p99: p99 as number, max };
  }
}
