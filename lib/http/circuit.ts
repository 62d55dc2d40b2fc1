import { FlagshipError, FlagshipErrorCode, isErrorOf, UnavailableError } from '../errors';
import { type ResolvedCircuit } from '../options';
import { callSafely, wallClockMs } from '../runtime';
import { AbortedError } from './aborted-error';
import { TransientError } from './transient-error';

/** Whether Flagship is asked: always, for the time being not, or by one evaluation that tries. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** Who wants to know that Flagship is no longer asked, or is asked again. */
export interface CircuitListener {
  opened(reason: string): void;
  closed(): void;
}

/** What the end of a task says of Flagship. */
type Outcome = 'there' | 'failing' | 'unknown';

/** A final error is an answer: Flagship is there. What was not foreseen is none. */
function outcomeOf(error: unknown): Outcome {
  if (isErrorOf(error, AbortedError) || isErrorOf(error, UnavailableError)) return 'unknown';
  return isErrorOf(error, FlagshipError) && !isErrorOf(error, TransientError) ? 'there' : 'failing';
}

/** Which kind of failure it is. Its message may be about one user's request, and the circuit is everybody's. */
function kindOf(error: unknown): string {
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
 * A circuit breaker. Closed, it counts failures in a row; at the threshold it opens, and tasks are refused at once. After
 * a while one task at a time is let through (half-open): it closes the circuit, or the wait begins again.
 */
export class Circuit {
  private current: CircuitState = 'closed';
  private failures = 0;
  /** Why nobody is asked; one for the whole time, because making an error is dear. */
  private refusal: UnavailableError | undefined;
  /** The time of day of the last change between closed and not closed. */
  private changedAt = wallClockMs();
  /** When the last trial failed, or the circuit opened, by the monotonic clock. */
  private brokenAt = 0;
  /** Counts openings and closings: what began before one of them says nothing of Flagship as it is now. */
  private generation = 0;
  private isOver = false;

  constructor(
    private readonly options: ResolvedCircuit,
    private readonly listener: CircuitListener,
  ) {}

  get state(): CircuitState {
    return this.current;
  }

  /** Since when it is closed or not closed, in milliseconds since 1970. */
  get since(): number {
    return this.changedAt;
  }

  /**
   * Runs a task, unless the circuit is open.
   *
   * @param task Told whether it is the one that tries: that one is not worth repeating.
   * @throws UnavailableError At once, when the circuit is open or another one is trying.
   */
  run<T>(task: (isTrial: boolean) => Promise<T>): Promise<T> {
    const { refusal } = this;
    if (refusal === undefined) return this.watch(task, false);
    if (!this.isTrialDue()) return Promise.reject(refusal);
    this.current = 'half-open';
    return this.watch(task, true);
  }

  /** What ends from now on counts no more: whoever is closed has not been failed by Flagship. */
  end(): void {
    this.isOver = true;
  }

  private async watch<T>(task: (isTrial: boolean) => Promise<T>, isTrial: boolean): Promise<T> {
    const { generation } = this;
    try {
      const result = await task(isTrial);
      this.judge('there', isTrial, generation);
      return result;
    } catch (error) {
      this.judge(outcomeOf(error), isTrial, generation, error);
      throw error;
    }
  }

  private judge(verdict: Outcome, isTrial: boolean, generation: number, error?: unknown): void {
    if (this.isOver || generation !== this.generation) return;
    if (isTrial) this.endTrial(verdict);
    else if (verdict === 'there') this.failures = 0;
    else if (verdict === 'failing' && ++this.failures >= this.options.threshold) this.open(error);
  }

  private endTrial(verdict: Outcome): void {
    if (verdict === 'there') {
      this.close();
      return;
    }
    this.current = 'open';
    // A trial that has said nothing leaves its turn to the next one.
    if (verdict === 'failing') this.brokenAt = performance.now();
  }

  private isTrialDue(): boolean {
    return this.current === 'open' && performance.now() - this.brokenAt >= this.options.halfOpenAfter;
  }

  private open(lastFailure: unknown): void {
    const { threshold, halfOpenAfter } = this.options;
    this.generation++;
    this.current = 'open';
    this.brokenAt = performance.now();
    this.changedAt = wallClockMs();
    const { message } = (this.refusal = new UnavailableError(
      `The circuit to Flagship is open since ${new Date(this.changedAt).toISOString()}, after ${threshold} failed ` +
        `${threshold === 1 ? 'evaluation' : 'evaluations in a row'}: ${kindOf(lastFailure)}. ` +
        `It is tried again every ${halfOpenAfter} ms (option "circuitBreaker").`,
      FlagshipErrorCode.GENERAL,
    ));
    callSafely(() => {
      this.listener.opened(message);
    });
  }

  private close(): void {
    this.generation++;
    this.failures = 0;
    this.current = 'closed';
    this.refusal = undefined;
    this.changedAt = wallClockMs();
    callSafely(() => {
      this.listener.closed();
    });
  }
}
