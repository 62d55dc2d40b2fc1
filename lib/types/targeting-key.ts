/** How the text of an object begins that has none of its own. */
const NO_TEXT = '[object ';

/**
 * Turns what was given as a user's id into a targeting key. Text is taken as it is, numbers become text, and so do
 * objects that know themselves as text (a MongoDB `ObjectId`, a UUID, a decimal): by their `toJSON`, else by a
 * `valueOf` or `toString` of their own.
 *
 * @param refuse Told what kind of thing it was that cannot be an id, never its value.
 * @returns The targeting key, or nothing where there is no id.
 */
export function toTargetingKey(value: unknown, refuse: (kind: string) => void): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'undefined':
      return undefined;
    case 'number':
      if (Number.isFinite(value)) return String(value);
      refuse('a number that is not finite');
      return undefined;
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? undefined : idOfObject(value, refuse);
    default:
      refuse(`a ${typeof value}`);
      return undefined;
  }
}

interface TextLike {
  readonly then?: unknown;
  toJSON?(): unknown;
  valueOf?(): unknown;
  toString?(): unknown;
}

function idOfObject(value: TextLike, refuse: (kind: string) => void): string | undefined {
  if (typeof value.then === 'function') {
    // Its failure is told by the warning already; unhandled, it would end the process.
    Promise.resolve(value as PromiseLike<unknown>).catch(() => undefined);
    refuse('a promise');
    return undefined;
  }
  const text = isList(value) ? undefined : textOf(value);
  if (text === undefined) refuse(kindOf(value));
  return text;
}

/** Whether its text would be that of its parts: lists, bytes, errors. */
function isList(value: object): boolean {
  return Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Error;
}

function textOf(value: TextLike): string | undefined {
  // What is an object in JSON (a document of a database) has many fields, and its text would have them all.
  if (typeof value.toJSON === 'function') return plainText(value.toJSON());
  if (typeof value.valueOf === 'function') {
    const inner = value.valueOf();
    if (typeof inner !== 'object') return plainText(inner);
  }
  if (typeof value.toString !== 'function') return undefined;
  const text = value.toString();
  return typeof text === 'string' && !text.startsWith(NO_TEXT) ? text : undefined;
}

function plainText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' || Number.isFinite(value) ? String(value) : undefined;
}

function kindOf(value: object): string {
  if (Array.isArray(value)) return 'a list';
  if (ArrayBuffer.isView(value)) return 'bytes';
  const { constructor } = value as { readonly constructor?: { readonly name?: unknown } };
  const name = constructor?.name;
  const isNamed = typeof name === 'string' && /^\w{1,60}$/.test(name) && name !== 'Object';
  return isNamed ? `an object of the class ${name}` : 'an object';
}
