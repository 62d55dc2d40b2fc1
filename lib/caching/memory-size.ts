import { type JsonValue } from '../options';

/** The bytes of each kind of value in V8 besides its content, rounded up. */
const STRING = 24;
const CHARACTER = 2;
const SCALAR = 16;
const ARRAY = 48;
const SLOT = 8;
const OBJECT = 72;
const PROPERTY = 48;

/** Estimates the memory of a text in bytes. A text that V8 stores with one byte a character is counted with two. */
export const textSize = (text: string): number => STRING + CHARACTER * text.length;

/**
 * Estimates the memory of a JSON value in bytes, rather too high than too low: objects take several times their JSON.
 */
export function valueSize(value: JsonValue): number {
  if (typeof value === 'string') return textSize(value);
  return typeof value === 'object' && value !== null ? structureSize(value) : SCALAR;
}

/** Iterates over the parts, because a value may be nested deeper than the stack allows here. */
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
