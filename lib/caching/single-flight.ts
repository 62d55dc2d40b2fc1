import { type Attributes } from './context-key';
import { type CacheKey, isSameKey } from './memory-cache';

interface PendingCall<T> {
  readonly question: CacheKey;
  readonly promise: Promise<T>;
}

/** Questions on their way: who asks what somebody else is asking already waits for that answer. */
export class SingleFlight<T> {
  private readonly pending = new Map<number, PendingCall<T>>();
  private count = 0;

  /** How many there are, those included that share their number with another. */
  get size(): number {
    return this.count;
  }

  /** The answer to the same question, if it is being asked. */
  join({ hash, flagKey, type }: CacheKey, context: Attributes): Promise<T> | undefined {
    const call = this.pending.get(hash);
    if (call === undefined || !isSameKey(call.question, flagKey, type, context)) return undefined;
    return call.promise;
  }

  /** Lets others join until the answer, or the failure, is there: nobody joins a call that has failed. */
  start(question: CacheKey, promise: Promise<T>): Promise<T> {
    const { hash } = question;
    const call = { question, promise };
    const settle = (): void => {
      this.count--;
      if (this.pending.get(hash) === call) this.pending.delete(hash);
    };
    this.count++;
    this.pending.set(hash, call);
    promise.then(settle, settle);
    return promise;
  }

  /** Whoever asks from now on asks anew. */
  clear(): void {
    this.pending.clear();
  }
}
