import { FlagshipError, FlagshipErrorCode } from '../errors';
import { WAIT_LABELS, type WaitName } from './waits';

/** How a limited wait can end before the work does. */
export interface LimitedWaitOptions {
  /** Creates the error after the limit. The default is a `TIMEOUT_ERROR` that names the wait and the limit. */
  readonly timeoutError?: () => Error;
  /** Ends the wait early, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Waits for work that this package does not control, up to a time limit. A later result is dropped, and a later
 * rejection is handled.
 *
 * @param name Name of the wait, for messages and tests.
 * @param work The promise, or a function that returns it. A throw of the function counts as a rejection.
 * @param limitMs The time limit in milliseconds.
 * @returns What the work resolves with.
 * @throws What the work rejects with; the error of `timeoutError` after the limit; the reason of `signal` when it is
 * aborted.
 *
 * @example
 * const attributes = await limited('contextFactory', () => contextFactory(execution), 1000);
 */
export async function withTimeLimit<T>(
  name: WaitName,
  work: PromiseLike<T> | (() => T | PromiseLike<T>),
  limitMs: number,
  { timeoutError, signal }: LimitedWaitOptions = {},
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let nextTurn: NodeJS.Immediate | undefined;
  let onAbort: (() => void) | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const expire = (): void => {
      reject(timeoutError?.() ?? timeLimitError(name, limitMs));
    };
    const start = performance.now();
    timer = setTimeout(() => {
      const lateMs = performance.now() - start - limitMs;
      // The event loop was blocked for so long that the work may not have started, such as a command that is not sent
      // yet.
      if (lateMs > limitMs / 2) timer = setTimeout(() => (nextTurn = setImmediate(expire)), limitMs);
      // One turn later: a result that arrived while the event loop was blocked is in time.
      else nextTurn = setImmediate(expire);
    }, limitMs);
    if (signal === undefined) return;
    onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([typeof work === 'function' ? work() : work, timeout]);
  } finally {
    clearTimeout(timer);
    clearImmediate(nextTurn);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * Returns after how many milliseconds work with a time limit counts as dropped by the runtime, as Cloudflare Workers drop
 * the work of a request that has ended. Twice the limit, because a blocked event loop makes timers late. Work that ends
 * later all the same may be done twice, and nothing else.
 */
export function droppedAfterMs(limitMs: number): number {
  return 2 * limitMs;
}

function timeLimitError(name: WaitName, limitMs: number): FlagshipError {
  return new FlagshipError(
    `The ${WAIT_LABELS[name]} did not finish within ${limitMs} ms.`,
    FlagshipErrorCode.TIMEOUT_ERROR,
  );
}
