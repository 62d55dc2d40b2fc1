import { droppedAfterMs } from './with-time-limit';

/**
 * The parts of work under way that closing interrupts. Each is removed when the work ends. On Cloudflare Workers work may
 * end without removing it, because the request that started it has ended; it is forgotten after a while, so that such
 * parts do not accumulate.
 */
export class PendingWork<T> {
  /** Part → the monotonic time from which it counts as dropped. */
  private readonly parts = new Map<T, number>();

  /** @param limitMs The time limit of the work, in milliseconds. */
  add(part: T, limitMs: number): void {
    const now = performance.now();
    for (const [oldest, droppedAt] of this.parts) {
      if (now < droppedAt) break;
      this.parts.delete(oldest);
    }
    this.parts.set(part, now + droppedAfterMs(limitMs));
  }

  delete(part: T): void {
    this.parts.delete(part);
  }

  clear(): void {
    this.parts.clear();
  }

  forEach(interrupt: (part: T) => void): void {
    for (const part of this.parts.keys()) interrupt(part);
  }
}
