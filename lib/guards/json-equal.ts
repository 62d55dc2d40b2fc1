import { type JsonValue } from '../options';

type JsonObject = Readonly<Record<string, JsonValue>>;

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null;

/**
 * Whether two JSON values are equal; the order of keys is ignored. Unlike `isDeepStrictEqual`, it ignores prototypes,
 * because a provider's object may have none, or that of another realm.
 *
 * @param wanted A value given in code, whose depth limits the recursion.
 */
export function isJsonEqual(wanted: JsonValue, value: JsonValue): boolean {
  if (wanted === value) return true;
  if (!isObject(wanted) || !isObject(value) || Array.isArray(wanted) !== Array.isArray(value)) return false;
  const keys = Object.keys(wanted);
  return (
    keys.length === Object.keys(value).length &&
    keys.every((key) => Object.hasOwn(value, key) && isJsonEqual(wanted[key] as never, value[key] as never))
  );
}

/** Whether a value can be represented in JSON: no function, no infinite number, no circular reference. */
export function isJsonValue(value: unknown, ancestors: readonly unknown[] = []): value is JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (!isObject(value) || ancestors.includes(value)) return false;
  if (!Array.isArray(value) && !isPlain(value)) return false;
  return Object.values(value).every((item: unknown) => isJsonValue(item, [...ancestors, value]));
}

/** Whether an object is an object literal of this or another realm: its prototype is null or has itself none. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
