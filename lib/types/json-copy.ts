/**
 * Returns a copy of a value as JSON holds it; undefined for `undefined`, which JSON leaves out.
 *
 * @throws Error For a value that JSON cannot hold, and for a number in it that JSON would replace by null.
 */
export function jsonCopy(value: unknown): unknown {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value, rejectNonFinite) as string | undefined;
  if (text === undefined) throw new Error(`a ${typeof value} cannot be written as JSON`);
  return JSON.parse(text);
}

function rejectNonFinite(name: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  const place = name === '' ? '' : ` of "${name.slice(0, 80)}"`;
  throw new Error(`the number ${value}${place} cannot be written as JSON`);
}
