import { randomUUID } from 'node:crypto';
import { type CacheStore } from '../options';
import { withTimeLimit } from '../runtime';
import { deleteFrom } from './store-level';

/** Pauses before the reads of a probe that was just written: replicas may lag. */
const READ_PAUSES_MS = [0, 40, 80] as const;
/** How long after its TTL a probe may remain before the store is refused: some stores round the TTL up to seconds. */
const MAX_LATENESS_MS = 2000;
/** How long a probe is watched: some stores have a minimum TTL of a minute. A TTL taken as seconds is longer. */
const WATCH_MS = 75_000;
/** Time limit of one call. It is longer than that of an evaluation, because the store may still be connecting. */
const CALL_TIMEOUT_MS = 2000;

/** How the watch of a probe ended. `overwritten`: another instance wrote its probe under the same key. */
export type ProbeEnd = 'expired' | 'kept' | 'overwritten';

/** An entry with a short TTL, which shows whether a store expires entries. */
export class ProbeEntry {
  private readonly value = randomUUID();

  /** @param signal Ends the calls and pauses; they reject with its reason. */
  constructor(
    private readonly store: CacheStore,
    private readonly key: string,
    private readonly ttlMs: number,
    private readonly signal: AbortSignal,
  ) {}

  async write(): Promise<void> {
    const { store, key, value, ttlMs, signal } = this;
    await withTimeLimit('storeWrite', () => store.set(key, value, ttlMs), CALL_TIMEOUT_MS, { signal });
  }

  /** Returns whether the probe can be read back. If it cannot, its absence does not prove that it expired. */
  async isReadable(): Promise<boolean> {
    for (const pauseMs of READ_PAUSES_MS) {
      if (pauseMs > 0) await sleep(pauseMs, this.signal);
      if ((await this.read()) === this.value) return true;
    }
    return false;
  }

  /**
   * Watches the probe, at most for {@link WATCH_MS}. Calls `onLate` at each read that finds it too late.
   *
   * @returns How the watch ended.
   */
  async watch(onLate: () => void): Promise<ProbeEnd> {
    // Timers are never early, so the probe is at least this old after the pauses.
    for (let ageMs = 1.5 * this.ttlMs, pauseMs = ageMs; ; pauseMs = ageMs, ageMs *= 2) {
      await sleep(pauseMs, this.signal);
      const found = (await this.read()) ?? undefined;
      if (found === undefined) return 'expired';
      if (found !== this.value) return 'overwritten';
      if (ageMs >= this.ttlMs + MAX_LATENESS_MS) onLate();
      if (ageMs >= WATCH_MS) return 'kept';
    }
  }

  /** Deletes the probe, unless another instance has overwritten it: that one would take the deletion for an expiry. */
  async remove(): Promise<void> {
    const { store, key } = this;
    try {
      const found = await withTimeLimit('storeRead', () => store.get(key), CALL_TIMEOUT_MS);
      if (found === this.value) deleteFrom(store, key);
    } catch {
      // The probe remains until the next one with its key overwrites it.
    }
  }

  private read(): Promise<unknown> {
    const { store, key, signal } = this;
    return withTimeLimit('storeRead', () => store.get(key), CALL_TIMEOUT_MS, { signal });
  }
}

/** Waits without keeping the process alive. Rejects with the reason of the signal. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    timer.unref();
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
