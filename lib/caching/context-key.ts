import { type Attributes } from '../types';
import { canonicalContext } from './canonical-context';
import { textSize } from './memory-size';

const PRIME = 0x01000193;
/** Random in each process, so that users cannot choose contexts whose hashes collide. */
const SEED = Math.floor(Math.random() * 2 ** 31);

function mixText(hash: number, text: string): number {
  let mixed = hash;
  for (let index = 0; index < text.length; index++) mixed = Math.imul(mixed ^ text.charCodeAt(index), PRIME);
  return mixed;
}

function mixValue(hash: number, value: unknown): number {
  switch (typeof value) {
    case 'string':
      return mixText(hash, value);
    case 'number':
      return Number.isInteger(value) ? Math.imul(hash ^ value, PRIME) : mixText(hash, String(value));
    case 'boolean':
      return hash ^ (value ? 1 : 2);
    default:
      return mixText(~hash, canonicalContext({ value }));
  }
}

/** Spreads a difference over all bits. Without it, hashes collide when one attribute grows as another shrinks. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/**
 * Returns the hash of a cache key, which does not depend on the order of the attributes. Different keys may have the
 * same hash, so an entry that is found by it must be compared with the key.
 */
export function cacheHash(flagKey: string, type: string, context: Attributes): number {
  let hash = mixText(mixText(SEED, type), flagKey);
  for (const name of Object.keys(context)) {
    const value = context[name];
    // A request omits undefined attributes, so the hash does too.
    if (value !== undefined) hash = (hash + spread(mixValue(mixText(SEED, name), value))) | 0;
  }
  return hash;
}

/** The bytes of an attribute besides its name and value: its slots in two lists that grow in steps. */
const ATTRIBUTE_BYTES = 48;
/** The factor by which a concatenated text takes more memory than another one, because V8 keeps its parts. */
const BYTES_PER_CHARACTER = 5;

/** The canonical text of a value other than text, number or boolean; a class, so that it differs from an equal text. */
class Structure {
  readonly text: string;

  constructor(value: unknown) {
    this.text = canonicalContext({ value });
  }
}

const isScalar = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

function isSame(kept: unknown, value: unknown): boolean {
  if (kept === value) return true;
  if (kept instanceof Structure) return !isScalar(value) && kept.text === new Structure(value).text;
  return Number.isNaN(kept) && Number.isNaN(value);
}

/** The attributes of a context at the time of an evaluation. Later changes of the context do not affect it. */
export class ContextKey {
  private readonly names: string[] = [];
  private readonly values: unknown[] = [];

  constructor(context: Attributes) {
    for (const name of Object.keys(context)) {
      const value = context[name];
      if (value === undefined) continue;
      this.names.push(name);
      this.values.push(isScalar(value) ? value : new Structure(value));
    }
  }

  /** Estimates the memory of this key in bytes. */
  get size(): number {
    let bytes = 0;
    for (const name of this.names) bytes += ATTRIBUTE_BYTES + textSize(name);
    for (const value of this.values) {
      if (typeof value === 'string') bytes += textSize(value);
      else if (value instanceof Structure) bytes += BYTES_PER_CHARACTER * textSize(value.text);
    }
    return bytes;
  }

  /** Whether a context has the same attributes, in any order. */
  equals(context: Attributes): boolean {
    const { names, values } = this;
    let count = 0;
    for (const name of Object.keys(context)) {
      const value = context[name];
      if (value === undefined) continue;
      const place = names[count] === name ? count : names.indexOf(name);
      if (place < 0 || !isSame(values[place], value)) return false;
      count++;
    }
    return count === names.length;
  }
}
