import { type Attributes } from '../types';
import { type CacheKey, isSameKey } from './memory-cache';

interface PendingCall<T> {
  readonly key: CacheKey;
  readonly promise: Promise<T>;
}

/** Lets callers with an equal cache key share one call while it is under way (single flight). */
export class SingleFlight<T> {
  private readonly pending = new Map<number, PendingCall<T>>();
  private count = 0;

  /**
   * The number of calls under way, including those that {@link SingleFlight.join} cannot find because of a hash
   * collision.
   */
  get size(): number {
    return this.count;
  }

  /** Returns the promise of the call under way with an equal key, if there is one. */
  join({ hash, flagKey, type }: CacheKey, context: Attributes): Promise<T> | undefined {
    const call = this.pending.get(hash);
    if (call === undefined || !isSameKey(call.key, flagKey, type, context)) return undefined;
    return call.promise;
  }

  /**
   * Lets later callers join a call until it settles, and returns its promise. A settled call is removed, a failed one
   * too.
   */
  start(key: CacheKey, promise: Promise<T>): Promise<T> {
    const { hash } = key;
    const call = { key, promise };
    const settle = (): void => {
      this.count--;
      if (this.pending.get(hash) === call) this.pending.delete(hash);
    };
    this.count++;
    this.pending.set(hash, call);
    promise.then(settle, settle);
    return promise;
  }

  /** Removes the calls under way, so that later callers start new ones. */
  clear(): void {
    this.pending.clear();
  }
}
