import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type JsonValue } from '../options';

/**
 * Copies a flag's value, so that a caller that changes it does not change it for other callers. Scalars, the values of
 * most flags, are returned as they are. JSON is copied several times faster than by `structuredClone`.
 *
 * Differs from `ownCopy`, which copies the application's own values, circular ones included, and never throws: a value
 * of Flagship's is a JSON tree, and one that cannot be copied is a malformed response.
 *
 * @throws FlagshipError `PARSE_ERROR` when the value is nested too deep.
 */
export function copyValue<T extends JsonValue>(value: T): T {
  return typeof value === 'object' && value !== null ? (copyObject(value) as T) : value;
}

// A function of its own: with the `try` in `copyValue`, V8 would not inline that into an evaluation.
function copyObject(value: object): JsonValue {
  try {
    return copyStructure(value);
  } catch {
    throw new FlagshipError("The flag's value is nested too deep.", FlagshipErrorCode.PARSE_ERROR);
  }
}

function copyItem(value: JsonValue): JsonValue {
  return typeof value === 'object' && value !== null ? copyStructure(value) : value;
}

function copyStructure(value: object): JsonValue {
  if (Array.isArray(value)) return (value as JsonValue[]).map(copyItem);
  // Spreading keeps the object's hidden class in V8, and copies an own `__proto__` as a property.
  const copy: Record<string, JsonValue> = { ...value };
  for (const name in copy) {
    const item = copy[name];
    if (typeof item === 'object' && item !== null) copy[name] = copyStructure(item);
  }
  return copy;
}
