import { FlagshipError, FlagshipErrorCode } from '../errors';
import { WAITS, type WaitName } from './waits';

/** How a limited wait ends early. */
export interface LimitedWaitOptions {
  /** Makes the error of a wait that took too long; without it, a `TIMEOUT_ERROR` that names the wait and the limit. */
  readonly timeoutError?: () => Error;
  /** Ends the wait early, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Waits for something that this package does not control, and no longer than the limit. What arrives later is dropped;
 * a late rejection is never unhandled.
 *
 * @param name Which wait this is.
 * @param work The promise, or a function that makes it; one that throws counts as a rejection.
 * @param limitMs The longest wait in milliseconds.
 * @returns What the work resolves with.
 * @throws What the work rejects with; the error of `tooLate` after the limit; the reason of `signal` when it is aborted.
 *
 * @example
 * const attributes = await limited('contextFactory', () => contextFactory(execution), 1000);
 */
export async function limited<T>(
  name: WaitName,
  work: PromiseLike<T> | (() => T | PromiseLike<T>),
  limitMs: number,
  { timeoutError, signal }: LimitedWaitOptions = {},
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;
  let onAbort: (() => void) | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    const expire = (): void => {
      reject(timeoutError?.() ?? timeLimitError(name, limitMs));
    };
    const start = performance.now();
    timer = setTimeout(() => {
      const lateMs = performance.now() - start - limitMs;
      // This process was so busy that the work may not even have begun, such as a command that is not yet sent.
      if (lateMs > limitMs / 2) timer = setTimeout(() => (turn = setImmediate(expire)), limitMs);
      // One turn later: what has arrived while this process was busy with something else is in time.
      else turn = setImmediate(expire);
    }, limitMs);
    if (signal === undefined) return;
    onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([typeof work === 'function' ? work() : work, givenUp]);
  } finally {
    clearTimeout(timer);
    clearImmediate(turn);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
  }
}

function timeLimitError(name: WaitName, limitMs: number): FlagshipError {
  return new FlagshipError(
    `The ${WAITS[name]} did not finish within ${limitMs} ms.`,
    FlagshipErrorCode.TIMEOUT_ERROR,
  );
}
