import { type CacheStore } from '../options';
import { callSafely, detached } from '../runtime';

type Method = (...values: unknown[]) => unknown;

const isLevel = (value: unknown): value is CacheStore =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as CacheStore).get === 'function' &&
  typeof (value as CacheStore).set === 'function';

/** Whether a level of a cache is memory of this process: a `Keyv` without a store uses a `Map`. */
const isMemory = (level: CacheStore): boolean => (level as { store?: unknown }).store instanceof Map;

/**
 * Returns the level of a cache that instances share. A cache-manager `Cache` (6 and 7) has its levels in `stores`, a
 * `Cacheable` in `secondary`. If they were read through the cache, a memory level would hide what other instances have
 * written until its TTL ends. With `nonBlocking`, the cache also confirms a write before it has happened, and leaves
 * its failure unhandled. Checked with cache-manager 7.2.9 and cacheable 2.5.0.
 *
 * @returns The last level that is not memory of this process, otherwise the last one; the store itself if it has no
 * levels.
 */
export function sharedTier(store: CacheStore): CacheStore {
  try {
    const { stores, secondary } = store as { stores?: unknown; secondary?: unknown };
    const levels = (Array.isArray(stores) ? (stores as unknown[]) : [secondary]).filter(isLevel);
    return levels.findLast((level) => !isMemory(level)) ?? levels.at(-1) ?? store;
  } catch {
    // A getter or a proxy threw: the store is used without levels.
    return store;
  }
}

/** Deletes an entry in the background, if the store has a method for it (`del` or `delete`). Its failure is ignored. */
export function deleteFrom(store: CacheStore, key: string): void {
  callSafely(() =>
    detached(() => {
      const { del, delete: remove } = store as { del?: unknown; delete?: unknown };
      const method = [del, remove].find((candidate) => typeof candidate === 'function');
      return (method as Method | undefined)?.call(store, key);
    }),
  );
}
