import { withoutTrace } from '../../http';
import { callSafely } from '../../runtime';

/**
 * Runs one write at a time. Of the writes that are requested meanwhile only the newest runs, because it replaces the
 * others. So writes neither overtake each other nor accumulate when the disk or the store is slow.
 */
export class NewestWrite {
  private running: Promise<void> | undefined;
  private waiting: (() => Promise<void>) | undefined;

  /** Runs a write after the one under way, outside of the request that causes it. What the write throws is dropped. */
  run(write: () => Promise<void>): void {
    this.waiting = write;
    if (this.running === undefined) callSafely(() => withoutTrace(() => (this.running = this.drain())));
  }

  /** Drops the write that waits, if there is one. */
  dropWaiting(): void {
    this.waiting = undefined;
  }

  /** Resolves when no write is under way or waits. Never rejects. */
  get idle(): Promise<void> {
    return this.running ?? Promise.resolve();
  }

  private async drain(): Promise<void> {
    for (let write = this.takeWaiting(); write !== undefined; write = this.takeWaiting()) {
      try {
        await write();
      } catch {
        // Each write reports its own failure.
      }
    }
    this.running = undefined;
  }

  private takeWaiting(): (() => Promise<void>) | undefined {
    const { waiting } = this;
    this.waiting = undefined;
    return waiting;
  }
}
