/** What a thrown value says. Anything can be thrown, even what cannot become text. */
export function messageOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : error;
    return String(message);
  } catch {
    return 'Something was thrown that is no error.';
  }
}
