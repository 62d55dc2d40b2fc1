/**
 * Whether a thrown value is an error of a class. Anything can be thrown: a proxy that is revoked, or whose traps throw,
 * makes `instanceof` itself throw, and is an error of no class.
 */
export function isErrorOf<T>(error: unknown, type: abstract new (...values: never[]) => T): error is T {
  try {
    return error instanceof type;
  } catch {
    return false;
  }
}
