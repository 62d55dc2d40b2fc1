const encoder = new TextEncoder();
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

function toUtf8(text: string): number {
  // Three bytes is the most UTF-8 needs for one UTF-16 unit.
  if (scratch.length < text.length * 3) scratch = new Uint8Array(text.length * 3);
  return encoder.encodeInto(text, scratch).written;
}

/** MurmurHash3 (x86, 32 bit) over the text's UTF-8 bytes, unsigned. Lone surrogates count as U+FFFD. */
export function murmur3(text: string, seed: number): number {
  const length = toUtf8(text);
  const bytes = scratch;
  const at = (index: number): number => bytes[index] as number;
  let hash = seed;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    hash ^= mix(at(index) | (at(index + 1) << 8) | (at(index + 2) << 16) | (at(index + 3) << 24));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let rest = length - 1; rest >= index; rest--) tail = (tail << 8) | at(rest);
  if (index < length) hash ^= mix(tail);
  return finish(hash, length);
}
