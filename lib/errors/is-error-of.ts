/**
 * Whether a thrown value is an instance of a class. `instanceof` throws for a revoked proxy and for one whose traps
 * throw; such a value is an instance of no class.
 */
export function isErrorOf<T>(error: unknown, type: abstract new (...values: never[]) => T): error is T {
  try {
    return error instanceof type;
  } catch {
    return false;
  }
}
