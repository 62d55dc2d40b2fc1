const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/**
 * A copy of what a test is told, or was asked: neither the caller's later changes nor a reader's reach it. Not
 * `structuredClone`, whose objects are of another realm under Jest and equal none that the test makes.
 *
 * @returns The copy. Functions and instances of classes are taken as they are, and so is what cannot be read.
 */
export function copyRecord<T>(value: T): T {
  try {
    return copyPart(value, new Map()) as T;
  } catch {
    return value;
  }
}

function copyPart(value: unknown, made: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (made.has(value)) return made.get(value);
  if (value instanceof Date) return new Date(value);
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    made.set(value, list);
    for (const item of value) list.push(copyPart(item, made));
    return list;
  }
  if (!isPlain(value)) return value;
  // Spreading makes `__proto__` a property like any other.
  const copy: Record<string, unknown> = { ...value };
  made.set(value, copy);
  for (const name of Object.keys(copy)) copy[name] = copyPart(copy[name], made);
  return copy;
}
