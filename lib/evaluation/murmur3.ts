const encoder = new TextEncoder();
/** Reused by all calls, and replaced by a larger one for a longer text. */
let scratch = new Uint8Array(512);

function mix(block: number): number {
  const scrambled = Math.imul(block, 0xcc9e2d51);
  return Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
}

function finish(hash: number, length: number): number {
  let h = hash ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * Writes the UTF-8 bytes of a text to the scratch buffer and returns their number. Most subjects are ASCII, for which a
 * loop is faster than a call of the encoder.
 */
function toUtf8(text: string): number {
  const { length } = text;
  // UTF-8 needs at most three bytes for one UTF-16 code unit.
  if (scratch.length < length * 3) scratch = new Uint8Array(length * 3);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return encoder.encodeInto(text, scratch).written;
    scratch[index] = code;
  }
  return length;
}

/** Returns the MurmurHash3 (x86, 32 bit, unsigned) of the UTF-8 bytes of a text. Lone surrogates count as U+FFFD. */
export function murmur3(text: string, seed: number): number {
  const length = toUtf8(text);
  const bytes = scratch;
  let hash = seed;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    hash ^= mix(
      (bytes[index] as number) |
        ((bytes[index + 1] as number) << 8) |
        ((bytes[index + 2] as number) << 16) |
        ((bytes[index + 3] as number) << 24),
    );
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let last = length - 1; last >= index; last--) tail = (tail << 8) | (bytes[last] as number);
  if (index < length) hash ^= mix(tail);
  return finish(hash, length);
}
