// Any value can be thrown, even one that throws when it is read.

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

/** Returns the message of a thrown value, or a fixed text for a value that cannot be converted to text. */
export function messageOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : error;
    return String(message);
  } catch {
    return 'Something was thrown that is no error.';
  }
}
