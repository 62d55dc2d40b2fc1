/** Returns the message of a thrown value. Any value can be thrown, even one that cannot be converted to text. */
export function messageOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : error;
    return String(message);
  } catch {
    return 'Something was thrown that is no error.';
  }
}
