import { detachedFromTrace } from '../../http';
import { callSafely } from '../../runtime';

/**
 * Runs one write at a time. Of those that come meanwhile only the newest is run, since it replaces the others: writes
 * neither overtake each other nor pile up in front of something slow.
 */
export class NewestWrite {
  private running: Promise<void> | undefined;
  private waiting: (() => Promise<void>) | undefined;

  /** Runs the write when the one under way has ended; outside of the request that sets it off. What it throws is dropped. */
  run(write: () => Promise<void>): void {
    this.waiting = write;
    if (this.running === undefined) callSafely(() => detachedFromTrace(() => (this.running = this.drain())));
  }

  /** Drops the write that waits, if there is one. */
  forget(): void {
    this.waiting = undefined;
  }

  /** Resolves when no write is under way or waits. Never rejects. */
  get idle(): Promise<void> {
    return this.running ?? Promise.resolve();
  }

  private async drain(): Promise<void> {
    for (let next = this.take(); next !== undefined; next = this.take()) {
      try {
        await next();
      } catch {
        // Each write reports its own failure.
      }
    }
    this.running = undefined;
  }

  private take(): (() => Promise<void>) | undefined {
    const { waiting } = this;
    this.waiting = undefined;
    return waiting;
  }
}
