/** What a value or a property takes beside the characters of a text. */
const SLOT_BYTES = 16;
const CHARACTER_BYTES = 2;

/**
 * Roughly what a value takes in memory. Exact figures depend on the engine; these are of the right order.
 *
 * @param atMost Where counting ends: what is larger is too large anyhow.
 */
export function approximateBytes(value: unknown, atMost: number): number {
  if (typeof value === 'string') return SLOT_BYTES + CHARACTER_BYTES * value.length;
  if (typeof value !== 'object' || value === null) return SLOT_BYTES;
  try {
    return structureBytes(value, atMost);
  } catch {
    // It cannot be read.
    return SLOT_BYTES;
  }
}

function structureBytes(value: object, atMost: number): number {
  let bytes = SLOT_BYTES;
  // A set's loop also comes to the members that are added in it; a circle is gone round once.
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
