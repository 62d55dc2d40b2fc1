import { type Attributes } from '../types';
import { type CacheKey, isSameKey } from './memory-cache';

interface PendingCall<T> {
  readonly key: CacheKey;
  readonly promise: Promise<T>;
  /** Monotonic time of the start. */
  readonly startedAt: number;
  isSettled: boolean;
}

/**
 * Lets callers with an equal cache key share one call while it is under way (single flight).
 *
 * On Cloudflare Workers a call may never settle: when the request that started it ends, because its client has
 * disconnected or it did not await the evaluation, `workerd` drops its promises and timers. It rejects such a promise for
 * other requests that wait for it (checked with 1.20261117.1). Therefore a call is dropped when a caller who has joined it
 * finds that it was abandoned, or when it is older than `maxMs`.
 */
export class SingleFlight<T> {
  /** The calls that can be joined, by the hash of their key. */
  private readonly joinable = new Map<number, PendingCall<T>>();
  /** All calls under way, the oldest first, with those that cannot be joined because of a hash collision. */
  private readonly calls = new Set<PendingCall<T>>();

  /** @param maxMs After how many milliseconds a call that has not settled counts as abandoned. */
  constructor(private readonly maxMs: number) {}

  /** Whether at least `limit` calls are under way. */
  isFull(limit: number): boolean {
    if (this.calls.size < limit) return false;
    this.removeAbandoned();
    return this.calls.size >= limit;
  }

  /** Whether a call with an equal key is under way. */
  has(key: CacheKey, context: Attributes): boolean {
    return this.find(key, context) !== undefined;
  }

  /**
   * Returns the promise of the call under way with an equal key, if there is one.
   *
   * @param restart Called instead of a rejection if the call was abandoned.
   */
  join(key: CacheKey, context: Attributes, restart: () => T | Promise<T>): Promise<T> | undefined {
    const call = this.find(key, context);
    return call?.promise.catch((error: unknown) => {
      // The reaction that `start` added comes first, so that a call which has failed is settled here.
      if (call.isSettled) throw error;
      this.remove(call);
      return restart();
    });
  }

  /**
   * Lets later callers join a call until it settles, and returns its promise. A settled call is removed, a failed one
   * too.
   */
  start(key: CacheKey, promise: Promise<T>): Promise<T> {
    const call = { key, promise, startedAt: performance.now(), isSettled: false };
    const settle = (): void => {
      call.isSettled = true;
      this.remove(call);
    };
    // Here too, because abandoned calls would keep their contexts until the limit of `isFull` is reached.
    this.removeAbandoned();
    this.calls.add(call);
    this.joinable.set(key.hash, call);
    promise.then(settle, settle);
    return promise;
  }

  /** Lets no later caller join the calls under way. They still count for {@link SingleFlight.isFull}. */
  clear(): void {
    this.joinable.clear();
  }

  private find(key: CacheKey, context: Attributes): PendingCall<T> | undefined {
    const call = this.joinable.get(key.hash);
    if (call === undefined || !isSameKey(call.key, key.flagKey, key.type, context)) return undefined;
    if (!this.isAbandoned(call)) return call;
    this.remove(call);
    return undefined;
  }

  private removeAbandoned(): void {
    for (const call of this.calls) {
      if (!this.isAbandoned(call)) break;
      this.remove(call);
    }
  }

  private isAbandoned({ startedAt }: PendingCall<T>): boolean {
    return performance.now() - startedAt > this.maxMs;
  }

  private remove(call: PendingCall<T>): void {
    this.calls.delete(call);
    if (this.joinable.get(call.key.hash) === call) this.joinable.delete(call.key.hash);
  }
}
