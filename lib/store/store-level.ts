import { type CacheStore } from '../options';
import { callSafely, detached } from '../runtime';

type Method = (...values: unknown[]) => unknown;

const isLevel = (value: unknown): value is CacheStore =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as CacheStore).get === 'function' &&
  typeof (value as CacheStore).set === 'function';

/** Whether a level of a cache is memory of this process: a `Keyv` without a store of its own keeps a `Map`. */
const isMemory = (level: CacheStore): boolean => (level as { store?: unknown }).store instanceof Map;

/**
 * Finds the level that instances share. A cache-manager `Cache` (6 and 7) has levels in `stores`, a `Cacheable` in
 * `secondary`: read through all of them, the memory in front would hide for its whole time to live what other instances
 * have written. The cache around adds nothing else that is of use here, and with `nonBlocking` it says "written" too
 * early and leaves failures of a write unhandled.
 *
 * @returns The last level that is more than memory of this process, else the last one; the store itself without levels.
 */
export function sharedLevel(store: CacheStore): CacheStore {
  try {
    const { stores, secondary } = store as { stores?: unknown; secondary?: unknown };
    const levels = (Array.isArray(stores) ? (stores as unknown[]) : [secondary]).filter(isLevel);
    return levels.findLast((level) => !isMemory(level)) ?? levels.at(-1) ?? store;
  } catch {
    // A getter or a proxy that throws has no levels to offer.
    return store;
  }
}

/** Deletes an entry where the store has a way to do so (`del` or `delete`), without waiting and whatever comes of it. */
export function deleteFrom(store: CacheStore, key: string): void {
  callSafely(() =>
    detached(() => {
      const { del, delete: remove } = store as { del?: unknown; delete?: unknown };
      const method = [del, remove].find((candidate) => typeof candidate === 'function');
      return (method as Method | undefined)?.call(store, key);
    }),
  );
}
