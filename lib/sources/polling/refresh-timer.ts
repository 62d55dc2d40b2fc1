import { outsideTraces } from '../../http';
import { callSafely } from '../../runtime';

/** How much shorter or longer than the interval a pause may be, so that a fleet does not ask all at once. */
const JITTER = 0.1;
/** The first pause after a start without flags; it doubles up to the interval. */
const FIRST_RETRY = 1000;

/**
 * Decides when to refresh next. Never keeps the process alive, nor the request that happens to schedule a refresh; a refresh that
 * throws is not the last one.
 */
export class RefreshTimer {
  private timer: NodeJS.Timeout | undefined;
  private retryPause = FIRST_RETRY;

  /**
   * @param interval The usual pause, in milliseconds.
   * @param refresh What to do when the pause is over.
   */
  constructor(
    private readonly interval: number,
    private readonly refresh: () => unknown,
  ) {}

  /** @param hasFlags Without any, the pauses are short at first and grow. */
  schedule(hasFlags: boolean): void {
    this.stop();
    const pause = hasFlags ? this.interval : Math.min(this.retryPause, this.interval);
    this.retryPause = hasFlags ? FIRST_RETRY : this.retryPause * 2;
    const jittered = pause * (1 - JITTER + 2 * JITTER * Math.random());
    const run = (): void => {
      callSafely(
        () => outsideTraces(this.refresh),
        () => {
          this.schedule(true);
        },
      );
    };
    this.timer = outsideTraces(() => setTimeout(run, Math.max(1, jittered)).unref());
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
