import { type JsonValue } from '../options';

type JsonObject = Readonly<Record<string, JsonValue>>;

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null;

/**
 * Whether two JSON values are the same, whatever the order of their keys. Unlike `isDeepStrictEqual` it looks at no
 * prototypes: a provider's object may have none, or that of another realm.
 *
 * @param wanted A value of the code's, which bounds how deep this goes.
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

/** Whether a value is what JSON can hold: no function, no number beyond all limits, no circle. */
export function isJsonValue(value: unknown, within: readonly unknown[] = []): value is JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (!isObject(value) || within.includes(value)) return false;
  if (!Array.isArray(value) && !isPlain(value)) return false;
  return Object.values(value).every((item: unknown) => isJsonValue(item, [...within, value]));
}

/** Whether it is made with `{}`, in this realm or another: its prototype is the last one. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
