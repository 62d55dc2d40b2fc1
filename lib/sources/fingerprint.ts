import { hash, randomUUID } from 'node:crypto';

/** Tells whether a flag's definition has changed, at a fraction of the definition's size. */
export function fingerprint(definition: unknown): string {
  try {
    return hash('sha1', JSON.stringify(definition), 'base64');
  } catch {
    // Nested too deep to be written down: not the same as anything, itself included.
    return randomUUID();
  }
}
