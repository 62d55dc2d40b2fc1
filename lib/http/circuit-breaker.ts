import { FlagshipError, FlagshipErrorCode, isErrorOf, UnavailableError } from '../errors';
import { type ResolvedCircuitBreaker } from '../options';
import { callSafely, wallClockMs } from '../runtime';
import { AbortedError, TransientError } from './request-errors';

/** Closed: requests are sent. Open: they are refused. Half-open: one request tries whether Flagship responds. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** Receives the changes between closed and open. What it throws is dropped. */
export interface CircuitListener {
  circuitOpened(reason: string): void;
  circuitClosed(): void;
}

/** How the end of a task counts. `ignored`: it does not show whether Flagship is available. */
type Outcome = 'success' | 'failure' | 'ignored';

/** Returns how an error counts. A final error is a response of Flagship's; an unforeseen error is a failure. */
function outcomeOf(error: unknown): Outcome {
  if (isErrorOf(error, AbortedError) || isErrorOf(error, UnavailableError)) return 'ignored';
  return isErrorOf(error, FlagshipError) && !isErrorOf(error, TransientError) ? 'success' : 'failure';
}

/**
 * Returns the kind of a failure. Its message may quote one user's request, and the breaker's reason reaches all users.
 */
function failureKindOf(error: unknown): string {
  if (!isErrorOf(error, TransientError)) return 'something unforeseen failed';
  if (error.status !== undefined) return `HTTP ${error.status}`;
  switch (error.code) {
    case FlagshipErrorCode.TIMEOUT_ERROR:
      return 'no complete answer in time';
    case FlagshipErrorCode.PARSE_ERROR:
      return 'an answer that cannot be read';
    case FlagshipErrorCode.NETWORK_ERROR:
      return 'Flagship cannot be reached';
    default:
      return 'the request could not be made';
  }
}

/**
 * A circuit breaker. While closed it counts failures in a row; at the threshold it opens and refuses tasks at once.
 * After `halfOpenAfter` milliseconds it lets one task at a time try (half-open): a success closes the circuit, a
 * failure opens it for the same time again. A trial that has not ended after `maxTaskMs` counts as ended: on Cloudflare
 * Workers a task ends without a result when the request that started it has ended.
 */
export class CircuitBreaker {
  private currentState: CircuitState = 'closed';
  private failuresInRow = 0;
  /** The error of refused tasks. One serves the whole opening, because creating an error is expensive. */
  private openError: UnavailableError | undefined;
  /** Time of day of the last change between closed and open. */
  private changedAt = wallClockMs();
  /** Monotonic time of the opening, or of the last failed trial. */
  private failedAt = 0;
  /** Monotonic time of the start of the last trial. */
  private triedAt = 0;
  /** Counts changes between closed and open. The end of a task from an earlier generation is ignored. */
  private generation = 0;
  private isDisposed = false;

  /** @param maxTaskMs After how many milliseconds a task that has not ended counts as ended. */
  constructor(
    private readonly options: ResolvedCircuitBreaker,
    private readonly listener: CircuitListener,
    private readonly maxTaskMs: number,
  ) {}

  get state(): CircuitState {
    return this.currentState;
  }

  /** Time of the last change between closed and open, in milliseconds since 1970. */
  get since(): number {
    return this.changedAt;
  }

  /**
   * Runs a task, unless the circuit is open.
   *
   * @param task Receives whether it is a trial, which is not worth retrying.
   * @returns What the task resolves with.
   * @throws UnavailableError At once, while the circuit is open or another trial is running.
   */
  run<T>(task: (isTrial: boolean) => Promise<T>): Promise<T> {
    const { openError } = this;
    if (openError === undefined) return this.execute(task, false);
    if (!this.isTrialDue()) return Promise.reject(openError);
    this.currentState = 'half-open';
    this.triedAt = performance.now();
    return this.execute(task, true);
  }

  /** Ignores the end of all tasks from now on: closing the client makes them fail. */
  dispose(): void {
    this.isDisposed = true;
  }

  private async execute<T>(task: (isTrial: boolean) => Promise<T>, isTrial: boolean): Promise<T> {
    const { generation } = this;
    try {
      const result = await task(isTrial);
      this.record('success', isTrial, generation);
      return result;
    } catch (error) {
      this.record(outcomeOf(error), isTrial, generation, error);
      throw error;
    }
  }

  private record(outcome: Outcome, isTrial: boolean, generation: number, error?: unknown): void {
    if (this.isDisposed || generation !== this.generation) return;
    if (isTrial) this.recordTrial(outcome);
    else if (outcome === 'success') this.failuresInRow = 0;
    else if (outcome === 'failure' && ++this.failuresInRow >= this.options.threshold) this.open(error);
  }

  private recordTrial(outcome: Outcome): void {
    if (outcome === 'success') {
      this.close();
      return;
    }
    this.currentState = 'open';
    // After an ignored trial the next task may try at once.
    if (outcome === 'failure') this.failedAt = performance.now();
  }

  private isTrialDue(): boolean {
    const now = performance.now();
    if (this.currentState === 'half-open') return now - this.triedAt > this.maxTaskMs;
    return now - this.failedAt >= this.options.halfOpenAfter;
  }

  private open(lastFailure: unknown): void {
    const { threshold, halfOpenAfter } = this.options;
    this.generation++;
    this.currentState = 'open';
    this.failedAt = performance.now();
    this.changedAt = wallClockMs();
    const { message } = (this.openError = new UnavailableError(
      `The circuit to Flagship is open since ${new Date(this.changedAt).toISOString()}, after ${threshold} failed ` +
        `${threshold === 1 ? 'evaluation' : 'evaluations in a row'}: ${failureKindOf(lastFailure)}. ` +
        `It is tried again every ${halfOpenAfter} ms (option "circuitBreaker").`,
      FlagshipErrorCode.GENERAL,
    ));
    callSafely(() => {
      this.listener.circuitOpened(message);
    });
  }

  private close(): void {
    this.generation++;
    this.failuresInRow = 0;
    this.currentState = 'closed';
    this.openError = undefined;
    this.changedAt = wallClockMs();
    callSafely(() => {
      this.listener.circuitClosed();
    });
  }
}
