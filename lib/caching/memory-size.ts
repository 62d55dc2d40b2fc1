import { type JsonValue } from '../options';

/** What V8 takes for each of these besides its content, in bytes, rounded up. */
const STRING = 24;
const CHARACTER = 2;
const SCALAR = 16;
const ARRAY = 48;
const SLOT = 8;
const OBJECT = 72;
const PROPERTY = 48;

/** Estimates what a text takes in memory, in bytes; what can be stored with one byte a character counts twice. */
export const textSize = (text: string): number => STRING + CHARACTER * text.length;

/**
 * Estimates what a JSON value takes in memory, in bytes, and rather too much than too little: objects take several times
 * their length as text.
 */
export function valueSize(value: JsonValue): number {
  if (typeof value === 'string') return textSize(value);
  return typeof value === 'object' && value !== null ? structureSize(value) : SCALAR;
}

/** Goes through the parts in a list of its own: a recursion could run out of stack where the value's maker did not. */
function structureSize(root: object): number {
  const pending: object[] = [root];
  let bytes = 0;
  const add = (item: unknown): void => {
    if (typeof item === 'object' && item !== null) pending.push(item);
    else bytes += typeof item === 'string' ? textSize(item) : SCALAR;
  };
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (Array.isArray(part)) {
      bytes += ARRAY + SLOT * part.length;
      for (const item of part) add(item);
    } else {
      bytes += OBJECT;
      for (const [name, item] of Object.entries(part)) {
        bytes += PROPERTY + textSize(name);
        add(item);
      }
    }
  }
  return bytes;
}
