import type * as Cockatiel from 'cockatiel';
import { FlagshipErrorCode, messageOf, UnavailableError } from '../errors';
import { type ResolvedCircuit } from '../options';
import { TransientError } from './transient-error';

/** Whether Flagship is asked: always, for the time being not, or by one evaluation that tries. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** Who wants to know that Flagship is no longer asked, or is asked again. */
export interface CircuitListener {
  opened(reason: string): void;
  closed(): void;
}

/** Loaded with the first connection: not every mode needs it. */
function loadCockatiel(): typeof Cockatiel {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  return require('cockatiel') as typeof Cockatiel;
}

/**
 * A circuit breaker. The library counts and decides; what is added here is that nobody waits for another one's trial,
 * and an error that says since when.
 */
export class Circuit {
  private readonly policy: Cockatiel.CircuitBreakerPolicy;
  private readonly breaker: Cockatiel.ConsecutiveBreaker;
  private readonly CLOSED: Cockatiel.CircuitState;
  private readonly HALF_OPEN: Cockatiel.CircuitState;
  /** Why nobody is asked; one for the whole time, because making an error is dear. */
  private refusal: UnavailableError | undefined;
  private changedAt = Date.now();
  /** When the last trial failed, or the circuit opened. */
  private brokenAt = 0;
  /** Counts openings and closings. */
  private era = 0;
  /** Failures that say nothing of Flagship as it is now. */
  private readonly outdated = new WeakSet<object>();
  private isOver = false;

  constructor(
    private readonly options: ResolvedCircuit,
    private readonly listener: CircuitListener,
  ) {
    const { circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } = loadCockatiel();
    this.CLOSED = CircuitState.Closed;
    this.HALF_OPEN = CircuitState.HalfOpen;
    this.breaker = new ConsecutiveBreaker(options.threshold);
    this.policy = circuitBreaker(
      handleWhen((error) => error instanceof TransientError && !this.outdated.has(error)),
      { halfOpenAfter: options.halfOpenAfter, breaker: this.breaker },
    );
    this.policy.onBreak((reason) => {
      this.open('error' in reason ? messageOf(reason.error) : '');
    });
    this.policy.onReset(() => {
      this.close();
    });
  }

  get state(): CircuitState {
    if (this.policy.state === this.CLOSED) return 'closed';
    return this.policy.state === this.HALF_OPEN ? 'half-open' : 'open';
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
    const isClosed = this.policy.state === this.CLOSED;
    if (!isClosed && this.refusal !== undefined && !this.isTrialDue()) return Promise.reject(this.refusal);
    return this.policy.execute(() => this.judged(task(!isClosed)));
  }

  /** What ends from now on counts no more: whoever is closed has not been failed by Flagship. */
  end(): void {
    this.isOver = true;
  }

  /** A final error is an answer: Flagship is there. The library would take no notice of it. */
  private async judged<T>(task: Promise<T>): Promise<T> {
    const { era } = this;
    try {
      return await task;
    } catch (error) {
      if (!(error instanceof TransientError)) this.breaker.success();
      else if (era !== this.era) this.outdated.add(error);
      throw error;
    }
  }

  private isTrialDue(): boolean {
    return this.policy.state !== this.HALF_OPEN && Date.now() - this.brokenAt >= this.options.halfOpenAfter;
  }

  private open(lastFailure: string): void {
    this.brokenAt = Date.now();
    if (this.refusal !== undefined || this.isOver) return;
    this.era++;
    const { threshold, halfOpenAfter } = this.options;
    this.changedAt = this.brokenAt;
    const since = new Date(this.brokenAt).toISOString();
    this.refusal = new UnavailableError(
      `The circuit to Flagship is open since ${since}, after ${threshold} failed ` +
        `${threshold === 1 ? 'evaluation' : 'evaluations in a row'}: ${lastFailure.replace(/\.$/, '')}. It is tried again every ${halfOpenAfter} ms (option "circuitBreaker").`,
      FlagshipErrorCode.GENERAL,
    );
    this.listener.opened(this.refusal.message);
  }

  private close(): void {
    if (this.isOver) return;
    this.era++;
    this.refusal = undefined;
    this.changedAt = Date.now();
    this.listener.closed();
  }
}
