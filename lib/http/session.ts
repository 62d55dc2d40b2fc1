import { limited, type WaitName } from '../runtime';
import { closedError } from './limits';

/** From opening to closing. What belongs to a session ends with it, even when the next one begins at once. */
export class Session {
  private readonly waits = new Set<(reason: Error) => void>();
  private over = false;
  private latestReason: Error | undefined;

  get isClosed(): boolean {
    return this.over;
  }

  /** With what waits that did not end by themselves have ended last. */
  get abortReason(): Error | undefined {
    return this.latestReason;
  }

  /** Ends the session: waits reject, pauses are over. */
  close(): void {
    this.over = true;
    this.interrupt(closedError());
  }

  /** Ends everything under way and nothing else; waits reject with the reason. */
  interrupt(reason: Error): void {
    this.latestReason = reason;
    for (const stop of this.waits) stop(reason);
    this.waits.clear();
  }

  /** Waits so many milliseconds, or until the session ends or is interrupted. */
  pause(delayMs: number): Promise<void> {
    if (this.over) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.waits.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, delayMs);
      this.waits.add(wake);
    });
  }

  /**
   * Waits for work of the application's. See {@link limited}; the end of the session ends the wait as well.
   *
   * @param timeoutError Makes the error of work that takes too long.
   */
  async waitFor<T>(
    name: WaitName,
    work: () => T | PromiseLike<T>,
    limitMs: number,
    timeoutError: () => Error,
  ): Promise<T> {
    const controller = new AbortController();
    const stop = (reason: Error): void => {
      controller.abort(reason);
    };
    if (this.over && this.latestReason !== undefined) stop(this.latestReason);
    this.waits.add(stop);
    try {
      return await limited(name, work, limitMs, { timeoutError, signal: controller.signal });
    } finally {
      this.waits.delete(stop);
    }
  }
}
