/** An object literal's kind of object, of this realm or another: test runners and `vm` bring their own. */
export function isPlainObject(value: object): value is Readonly<Record<string, unknown>> {
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || Object.getPrototypeOf(prototype) === null;
  } catch {
    // A proxy that does not say what it stands for.
    return false;
  }
}
