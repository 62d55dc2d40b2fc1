import { murmur3 } from '../evaluation';

/** Tells whether a flag's definition has changed, at a fraction of the definition's size. */
export function fingerprint(definition: unknown): string {
  // Two independent 32-bit hashes and the length: a change that goes unnoticed is out of reach.
  const text = JSON.stringify(definition);
  return `${murmur3(text, 0)}-${murmur3(text, 1)}-${text.length}`;
}
