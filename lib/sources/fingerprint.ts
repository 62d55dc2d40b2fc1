import { murmur3 } from '../evaluation';

/** Tells whether a flag's definition has changed, at a fraction of the definition's size. */
export function fingerprint(definition: unknown): number {
  let text: string;
  try {
    text = JSON.stringify(definition);
  } catch {
    // Nested too deep to be written down. Not the same as anything, itself included.
    return NaN;
  }
  // Hash and length in one number: a change goes unnoticed once in some billions.
  return murmur3(text, 0) + (text.length % 0x100000) * 0x100000000;
}
