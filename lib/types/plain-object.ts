/**
 * Whether an object is plain, as an object literal is. It may be of another realm, such as that of `vm` or a test
 * runner.
 */
export function isPlainObject(value: object): value is Readonly<Record<string, unknown>> {
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || Object.getPrototypeOf(prototype) === null;
  } catch {
    // A proxy whose trap throws.
    return false;
  }
}
