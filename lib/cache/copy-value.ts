import { type JsonValue } from '../options';

/**
 * A copy of its own for each caller, so that one who changes an object flag's value changes nobody else's.
 * Scalars, which is what most flags are, cost nothing; JSON is copied several times faster than by `structuredClone`.
 */
export function copyValue<T extends JsonValue>(value: T): T {
  return typeof value === 'object' && value !== null ? (copyStructure(value) as T) : value;
}

function copyStructure(value: object): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => copyValue(item));
  const copy: Record<string, JsonValue> = {};
  for (const name of Object.keys(value)) {
    const item = copyValue((value as Record<string, JsonValue>)[name] as JsonValue);
    // Assigned, this one key would change the copy's prototype.
    if (name === '__proto__') Object.defineProperty(copy, name, { ...ORDINARY, value: item });
    else copy[name] = item;
  }
  return copy;
}

const ORDINARY = { configurable: true, enumerable: true, writable: true };
