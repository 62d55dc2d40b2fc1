/** The longest key that is evaluated, in characters. Flagship's limit is 64. */
const MAX_KEY_LENGTH = 1024;

/**
 * Returns why no flag can have this key, or undefined for a possible key. It is called before the key becomes part of a
 * message, a URL or a cache key, where a key of megabytes would block the process.
 */
export function keyProblem(flagKey: unknown): string | undefined {
  if (typeof flagKey !== 'string') return `A flag's key is text, but a ${typeof flagKey} was given.`;
  if (flagKey.length <= MAX_KEY_LENGTH) return undefined;
  return `A flag's key has at most ${MAX_KEY_LENGTH} characters, but one of ${flagKey.length} was given.`;
}
