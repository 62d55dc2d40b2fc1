import { withoutTrace } from '../../http';
import { callSafely } from '../../runtime';

/**
 * By what part a pause is longer or shorter than the interval, so that the instances of a fleet spread their requests.
 */
const JITTER = 0.1;
/** The first pause after a start without flags, in milliseconds; it doubles up to the interval. */
const FIRST_RETRY_MS = 1000;

/**
 * Schedules refreshes, one at a time. The timer keeps neither the process alive nor the request that happens to
 * schedule a refresh, and a refresh that throws does not end the schedule.
 */
export class RefreshTimer {
  private timer: NodeJS.Timeout | undefined;
  private retryPauseMs = FIRST_RETRY_MS;
  private isEnabled = false;
  /** The call of `schedule` that came before the timer was enabled, if any. */
  private postponed: { readonly hasFlags: boolean } | undefined;

  /**
   * @param intervalMs The usual pause, in milliseconds.
   * @param refresh Called when a pause is over.
   */
  constructor(
    private readonly intervalMs: number,
    private readonly refresh: () => unknown,
  ) {}

  /** Starts the schedule; what has been scheduled before begins now. */
  enable(): void {
    this.isEnabled = true;
    const { postponed } = this;
    if (postponed !== undefined) this.schedule(postponed.hasFlags);
  }

  /** Ends the schedule until it is enabled again. */
  disable(): void {
    this.isEnabled = false;
    this.stop();
  }

  /**
   * Schedules the next refresh in place of the one that is scheduled.
   *
   * @param hasFlags Whether there are flags; without any, the pauses are short at first and grow.
   */
  schedule(hasFlags: boolean): void {
    this.stop();
    if (!this.isEnabled) {
      this.postponed = { hasFlags };
      return;
    }
    const pauseMs = hasFlags ? this.intervalMs : Math.min(this.retryPauseMs, this.intervalMs);
    this.retryPauseMs = hasFlags ? FIRST_RETRY_MS : this.retryPauseMs * 2;
    const jitteredMs = pauseMs * (1 - JITTER + 2 * JITTER * Math.random());
    const run = (): void => {
      callSafely(
        () => withoutTrace(this.refresh),
        () => {
          this.schedule(true);
        },
      );
    };
    this.timer = withoutTrace(() => setTimeout(run, Math.max(1, jitteredMs)).unref());
  }

  /** Cancels the refresh that is scheduled. */
  stop(): void {
    this.postponed = undefined;
    clearTimeout(this.timer);
  }
}
