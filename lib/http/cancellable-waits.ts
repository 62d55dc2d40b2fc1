import { PendingWork, withTimeLimit, type WaitName } from '../runtime';
import { closedError } from './request-errors';

/**
 * The waits between opening and closing a source or client. Closing ends them all. A reopened client has new ones,
 * so that work of the old one does not go on.
 */
export class CancellableWaits {
  private readonly waits = new PendingWork<(reason: Error) => void>();
  private closed = false;
  private lastReason: Error | undefined;

  get isClosed(): boolean {
    return this.closed;
  }

  /** The error with which the last interruption rejected the waits. */
  get abortReason(): Error | undefined {
    return this.lastReason;
  }

  /** Closes: waits reject, pauses end. */
  close(): void {
    this.closed = true;
    this.interrupt(closedError());
  }

  /** Rejects all current waits with the reason and ends all pauses. Later ones are not affected. */
  interrupt(reason: Error): void {
    this.lastReason = reason;
    this.waits.forEach((stop) => {
      stop(reason);
    });
    this.waits.clear();
  }

  /** Resolves after this time, or when it is closed or interrupted. */
  pause(delayMs: number): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.waits.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, delayMs);
      this.waits.add(wake, delayMs);
    });
  }

  /**
   * Waits for a function of the application's, as {@link withTimeLimit} does, and ends the wait on closing as well.
   *
   * @param timeoutError Creates the error of work that exceeds the limit.
   * @returns What the work resolves with.
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
    if (this.closed && this.lastReason !== undefined) stop(this.lastReason);
    this.waits.add(stop, limitMs);
    try {
      return await withTimeLimit(name, work, limitMs, { timeoutError, signal: controller.signal });
    } finally {
      this.waits.delete(stop);
    }
  }
}
