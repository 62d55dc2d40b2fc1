/**
 * Reads something of an object that is not this package's: a getter or a `Proxy` may throw, for instance because no
 * request is there yet. What cannot be read counts as absent.
 *
 * @returns What `read` returns; undefined when it throws.
 *
 * @example
 * const prototype = readSafely(() => Object.getPrototypeOf(instance));
 */
export function readSafely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
