/** Deeper contexts are refused before they are sent, so their answers are never kept. */
const MAX_DEPTH = 32;

/**
 * A text that is the same for two contexts exactly when they hold the same attributes, whatever their order. Every
 * part says its own length, so no value can be mistaken for another.
 */
export function contextKey(context: Readonly<Record<string, unknown>>, depth = 0): string {
  let key = '';
  for (const name of sortedNames(context)) {
    const value = context[name];
    // Left out of a request, so left out of the key.
    if (value === undefined) continue;
    key += `${name.length}:${name}${valueKey(value, depth)}`;
  }
  return key;
}

function sortedNames(context: object): string[] {
  const names = Object.keys(context);
  for (let index = 1; index < names.length; index++) {
    if ((names[index - 1] as string) > (names[index] as string)) return names.sort();
  }
  return names;
}

function valueKey(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return `s${value.length}:${value}`;
    case 'number':
      return `n${value};`;
    case 'boolean':
      return value ? 't' : 'f';
    case 'object':
      return value === null ? '0' : objectKey(value, depth + 1);
    default:
      // Nothing that can be sent: such an evaluation fails, and failures are not kept.
      return `?${typeof value};`;
  }
}

function objectKey(value: object, depth: number): string {
  if (depth > MAX_DEPTH) return '?deep;';
  if (value instanceof Date) return `d${value.getTime()};`;
  if (Array.isArray(value)) return `[${value.map((item) => valueKey(item ?? null, depth)).join('')}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return '?object;';
  return `{${contextKey(value as Record<string, unknown>, depth)}}`;
}
