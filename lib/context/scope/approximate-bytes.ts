/** The memory that a value or a property takes beside the characters of a text. */
const SLOT_BYTES = 16;
const CHARACTER_BYTES = 2;

/**
 * Returns the approximate memory that a value takes, in bytes. The exact figures depend on the JavaScript engine; these
 * are of the right order of magnitude.
 *
 * @param atMost The number of bytes at which counting ends, because the caller treats all larger values alike.
 */
export function approximateBytes(value: unknown, atMost: number): number {
  if (typeof value === 'string') return SLOT_BYTES + CHARACTER_BYTES * value.length;
  if (typeof value !== 'object' || value === null) return SLOT_BYTES;
  try {
    return structureBytes(value, atMost);
  } catch {
    // Reading a property has thrown.
    return SLOT_BYTES;
  }
}

function structureBytes(value: object, atMost: number): number {
  let bytes = SLOT_BYTES;
  // Iterating a set also visits members that are added meanwhile, and visits each once, so a circular structure ends.
  const structures = new Set<object>([value]);
  for (const structure of structures) {
    for (const [name, member] of Object.entries(structure) as [string, unknown][]) {
      bytes += SLOT_BYTES + CHARACTER_BYTES * name.length;
      if (typeof member === 'string') bytes += CHARACTER_BYTES * member.length;
      else if (typeof member === 'object' && member !== null) structures.add(member);
    }
    if (bytes > atMost) return bytes;
  }
  return bytes;
}
