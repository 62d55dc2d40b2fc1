/** What a thrown value says. Anything can be thrown, even what cannot become text. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'Something was thrown that is no error.';
  }
}
