import { isDate } from 'node:util/types';
import { isPlainObject } from '../sources';

/** Deeper contexts, circular ones above all, are refused before they are sent. */
const MAX_DEPTH = 32;
const TOO_DEEP = new Error('The context is nested too deep, or circular.');

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

/**
 * A text that is the same for two contexts exactly when they hold the same attributes, whatever their order. Every
 * part says its own length, so no value can be mistaken for another. What no request can carry counts as the same only
 * when it is the same object.
 */
export function contextKey(context: Readonly<Record<string, unknown>>): string {
  try {
    return attributesKey(context, 0);
  } catch (error) {
    if (error !== TOO_DEEP) throw error;
    // Given up at once and as a whole: to follow every path through a circular context could take for ever.
    return identityKey(context);
  }
}

function attributesKey(attributes: Readonly<Record<string, unknown>>, depth: number): string {
  let key = '';
  for (const name of sortedNames(attributes)) {
    const value = attributes[name];
    // Left out of a request, so left out of the key.
    if (value === undefined) continue;
    key += `${name.length}:${name}${valueKey(value, depth)}`;
  }
  return key;
}

function identityKey(value: object): string {
  let identity = identities.get(value);
  if (identity === undefined) identities.set(value, (identity = ++lastIdentity));
  return `?${identity};`;
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
    case 'function':
      return identityKey(value);
    default:
      return `?${typeof value}${String(value).length}:${String(value)}`;
  }
}

function objectKey(value: object, depth: number): string {
  if (depth > MAX_DEPTH) throw TOO_DEEP;
  if (isDate(value)) return `d${value.getTime()};`;
  // `from` also fills the holes of a list, as JSON does.
  if (Array.isArray(value)) return `[${Array.from(value, (item) => valueKey(item ?? null, depth)).join('')}]`;
  return isPlainObject(value) ? `{${attributesKey(value, depth)}}` : identityKey(value);
}
