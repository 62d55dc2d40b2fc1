/**
 * Reads a property of an object of the application's. A getter or a `Proxy` may throw, for instance outside of a
 * request; the property then counts as absent.
 *
 * @returns What `read` returns, or undefined if it throws.
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
