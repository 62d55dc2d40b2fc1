import { isDate } from 'node:util/types';
import { isPlainObject } from '../types';

/** Deeper contexts, circular ones above all, are refused before they are sent. */
const MAX_DEPTH = 32;
const TOO_DEEP = new Error('The context is nested too deep, or circular.');

const identities = new WeakMap<object, number>();
let lastIdentity = 0;
/** How often a part of a context was told by its identity. */
let identified = 0;

/**
 * A text that is the same for two contexts exactly when they hold the same attributes, whatever their order. Every
 * part says its own length, so no value can be mistaken for another. What no request can carry counts as the same only
 * when it is the same object.
 */
export function canonicalContext(context: Readonly<Record<string, unknown>>): string {
  try {
    return attributesText(context, 0);
  } catch (error) {
    if (error !== TOO_DEEP) throw error;
    // Given up at once and as a whole: to follow every path through a circular context could take for ever.
    return identityText(context);
  }
}

function attributesText(attributes: Readonly<Record<string, unknown>>, depth: number): string {
  let key = '';
  for (const name of sortedNames(attributes)) {
    const value = attributes[name];
    // Left out of a request, so left out of the key.
    if (value !== undefined) key += sized(name) + valueText(value, depth);
  }
  return key;
}

/** Text after its length. Short lengths are single characters: to write numbers would cost more than all the rest. */
function sized(text: string): string {
  return `${LENGTHS[text.length] ?? `\uffff${text.length}:`}${text}`;
}

const LENGTHS = Array.from({ length: 256 }, (_, length) => String.fromCharCode(length));

/**
 * The key of a context for other processes, which know no object of this one.
 *
 * @returns Nothing for a context that holds what is told by its identity.
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

/** By insertion: contexts have few attributes, mostly in order, and the built-in sort costs several times as much. */
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
  // `from` also fills the holes of a list, as JSON does.
  if (Array.isArray(value))
    return `[${Array.from(value, (item) => valueText(item ?? null, depth)).join('')}]`;
  return isPlainObject(value) ? `{${attributesText(value, depth)}}` : identityText(value);
}
