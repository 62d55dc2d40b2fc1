/** The longest key that is looked up, in characters. Flagship's own limit is 64. */
const MAX_LENGTH = 1024;

/**
 * Says why no flag can have this key; nothing where one can. Asked before the key goes into a message, a URL or a cache:
 * one of megabytes would hold up the process in each of them.
 */
export function keyProblem(flagKey: unknown): string | undefined {
  if (typeof flagKey !== 'string') return `A flag's key is text, but a ${typeof flagKey} was given.`;
  if (flagKey.length <= MAX_LENGTH) return undefined;
  return `A flag's key has at most ${MAX_LENGTH} characters, but one of ${flagKey.length} was given.`;
}
