import { contextError } from './context-limits';
import { isPlainObject } from './plain-object';

/** The attribute that identifies the user. */
export const TARGETING_KEY = 'targetingKey';

/** The start of the text of an object whose class has no `toString`. */
const NO_TEXT = '[object ';

/**
 * Converts a user's id to a targeting key. Text is returned as it is; numbers become text, and so do objects with a
 * text of their own (a MongoDB `ObjectId`, a UUID, a decimal): by their `toJSON`, else by their `valueOf` or
 * `toString`.
 *
 * @param onRejected Receives the kind of a value that cannot be an id, never the value.
 * @returns The targeting key, or undefined if there is no id.
 */
export function toTargetingKey(value: unknown, onRejected: (kind: string) => void): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'undefined':
      return undefined;
    case 'number':
      if (Number.isFinite(value)) return String(value);
      onRejected('a number that is not finite');
      return undefined;
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? undefined : idOfObject(value, onRejected);
    default:
      onRejected(`a ${typeof value}`);
      return undefined;
  }
}

/**
 * Converts a targeting key that is an object with a text of its own (an `ObjectId`) to that text: rules and rollouts
 * compare text, and would otherwise evaluate for a user without an id. Lists and plain objects are returned as they
 * are: Flagship accepts them, and no rollout matches them.
 *
 * @throws FlagshipError `INVALID_CONTEXT` for values that can neither be sent nor be an id: bytes, maps, promises.
 */
export function normalizeTargetingKey(value: object | null): object | string | null {
  if (value === null || isJsonObject(value)) return value;
  const key = toTargetingKey(value, (kind) => {
    throw contextError(`"${TARGETING_KEY}" is ${kind}, which is no id.`);
  });
  return key ?? null;
}

/** Whether a value is a list, or a plain object without a text of its own. */
function isJsonObject(value: object): boolean {
  if (Array.isArray(value)) return true;
  return (
    isPlainObject(value) &&
    !['then', 'toJSON', 'valueOf', 'toString'].some((name) => Object.hasOwn(value, name))
  );
}

/** The methods by which an object converts itself to text. */
interface TextConvertible {
  readonly then?: unknown;
  toJSON?(): unknown;
  valueOf?(): unknown;
  toString?(): unknown;
}

function idOfObject(value: TextConvertible, onRejected: (kind: string) => void): string | undefined {
  if (typeof value.then === 'function') {
    // `onRejected` reports the promise. If it also rejected unhandled, it would end the process.
    Promise.resolve(value as PromiseLike<unknown>).catch(() => undefined);
    onRejected('a promise');
    return undefined;
  }
  const text = isComposite(value) ? undefined : textOf(value);
  if (text === undefined) onRejected(kindOf(value));
  return text;
}

/** Whether the text of a value would be that of its parts, as of lists, bytes and errors. */
function isComposite(value: object): boolean {
  return Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Error;
}

function textOf(value: TextConvertible): string | undefined {
  // A `toJSON` that returns an object belongs to a record with many fields, such as a document of a database.
  if (typeof value.toJSON === 'function') return textOfScalar(value.toJSON());
  if (typeof value.valueOf === 'function') {
    const inner = value.valueOf();
    if (typeof inner !== 'object') return textOfScalar(inner);
  }
  if (typeof value.toString !== 'function') return undefined;
  const text = value.toString();
  return typeof text === 'string' && !text.startsWith(NO_TEXT) ? text : undefined;
}

function textOfScalar(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' || Number.isFinite(value) ? String(value) : undefined;
}

/** Returns the kind of an object for a message. Only names that look like a class name are shown. */
function kindOf(value: object): string {
  if (Array.isArray(value)) return 'a list';
  if (ArrayBuffer.isView(value)) return 'bytes';
  const { constructor } = value as { readonly constructor?: { readonly name?: unknown } };
  const name = constructor?.name;
  const isNamed = typeof name === 'string' && /^\w{1,60}$/.test(name) && name !== 'Object';
  return isNamed ? `an object of the class ${name}` : 'an object';
}
