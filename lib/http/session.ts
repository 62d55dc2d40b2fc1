import { networkError, type TimeLimit, timeoutError } from './limits';
import { type TransientError } from './transient-error';

/** From opening to closing. What belongs to a session ends with it, even when the next one begins at once. */
export class Session {
  private readonly endings = new Set<() => void>();
  private over = false;

  get isOver(): boolean {
    return this.over;
  }

  end(): void {
    this.over = true;
    for (const ending of this.endings) ending();
    this.endings.clear();
  }

  /** Waits so many milliseconds, or until the session ends. */
  pause(delay: number): Promise<void> {
    if (this.over) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.endings.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, delay);
      this.endings.add(wake);
    });
  }

  /** Settles like the promise; rejects when that takes too long or the session ends first. */
  async limit<T>(promise: Promise<T>, timeLeft: number, limit: TimeLimit): Promise<T> {
    let end: () => void = () => undefined;
    let timer: NodeJS.Timeout | undefined;
    const givenUp = new Promise<never>((_, reject) => {
      end = () => {
        reject(closedError());
      };
      timer = setTimeout(() => {
        reject(timeoutError(limit));
      }, timeLeft);
      this.endings.add(end);
    });
    try {
      return await Promise.race([promise, givenUp]);
    } finally {
      clearTimeout(timer);
      this.endings.delete(end);
    }
  }
}

export function closedError(): TransientError {
  return networkError(new Error('the provider was closed'));
}
