import { isDate } from 'node:util/types';
import { isPlainObject } from '../types';

/** Contexts that are nested deeper, circular ones included, cannot be sent to Flagship. */
const MAX_DEPTH = 32;
const TOO_DEEP = new Error('The context is nested too deep, or circular.');

const identities = new WeakMap<object, number>();
let lastIdentity = 0;
/** How many parts of contexts have been written as the identity of an object so far. */
let identified = 0;

/**
 * Returns a text that is equal for two contexts exactly if they have equal attributes, in any order. Each part is
 * preceded by its type and length, so that no two values have the same text. A value that no request can carry, such as
 * a function, equals only itself.
 */
export function canonicalContext(context: Readonly<Record<string, unknown>>): string {
  try {
    return attributesText(context, 0);
  } catch (error) {
    if (error !== TOO_DEEP) throw error;
    // The whole context counts as one object: following every path through a circular context could take for ever.
    return identityText(context);
  }
}

function attributesText(attributes: Readonly<Record<string, unknown>>, depth: number): string {
  let key = '';
  for (const name of sortedNames(attributes)) {
    const value = attributes[name];
    // A request omits undefined attributes, so the key does too.
    if (value !== undefined) key += sized(name) + valueText(value, depth);
  }
  return key;
}

/** Returns a text preceded by its length. Short lengths are one character: writing numbers would dominate the cost. */
function sized(text: string): string {
  return `${LENGTHS[text.length] ?? `\uffff${text.length}:`}${text}`;
}

const LENGTHS = Array.from({ length: 256 }, (_, length) => String.fromCharCode(length));

/**
 * Returns the canonical text of a context for use in other processes.
 *
 * @returns The text; undefined for a context with an object that only its identity in this process distinguishes.
 */
export function portableContext(context: Readonly<Record<string, unknown>>): string | undefined {
  const before = identified;
  const key = canonicalContext(context);
  return identified === before ? key : undefined;
}

function identityText(value: object): string {
  identified++;
  let identity = identities.get(value);
  if (identity === undefined) identities.set(value, (identity = ++lastIdentity));
  return `?${identity};`;
}

/** Sorts by insertion: contexts have few attributes, mostly in order, and the built-in sort is several times slower. */
function sortedNames(context: object): string[] {
  const names = Object.keys(context);
  if (names.length > 32) return names.sort();
  for (let index = 1; index < names.length; index++) {
    const name = names[index] as string;
    let place = index;
    for (; place > 0 && (names[place - 1] as string) > name; place--)
      names[place] = names[place - 1] as string;
    names[place] = name;
  }
  return names;
}

function valueText(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return `s${sized(value)}`;
    case 'number':
      return `n${value};`;
    case 'boolean':
      return value ? 't' : 'f';
    case 'object':
      return value === null ? '0' : objectText(value, depth + 1);
    case 'function':
      return identityText(value);
    default:
      return `?${typeof value}${sized(String(value))}`;
  }
}

function objectText(value: object, depth: number): string {
  if (depth > MAX_DEPTH) throw TOO_DEEP;
  if (isDate(value)) return `d${value.getTime()};`;
  // `Array.from` also visits the holes of a sparse list, which JSON writes as null.
  if (Array.isArray(value))
    return `[${Array.from(value, (item) => valueText(item ?? null, depth)).join('')}]`;
  return isPlainObject(value) ? `{${attributesText(value, depth)}}` : identityText(value);
}
