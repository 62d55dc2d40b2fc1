import { canonicalContext } from './canonical-context';
import { textSize } from './memory-size';

export type Attributes = Readonly<Record<string, unknown>>;

const PRIME = 0x01000193;
/** Another one in every process, so that nobody can choose contexts that share a number. */
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

/** Spreads what differs over all bits: sums of attributes that grow and shrink together would be the same otherwise. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/**
 * A number that is the same for two equal questions, whatever the order of the attributes. Different ones may share it,
 * so what is found under it has still to be compared.
 */
export function cacheHash(flagKey: string, type: string, context: Attributes): number {
  let hash = mixText(mixText(SEED, type), flagKey);
  for (const name of Object.keys(context)) {
    const value = context[name];
    // Left out of a request, so left out here.
    if (value !== undefined) hash = (hash + spread(mixValue(mixText(SEED, name), value))) | 0;
  }
  return hash;
}

/** What an attribute takes besides its name and value, in bytes: its places in two lists that grow in steps. */
const ATTRIBUTE_BYTES = 48;
/** A text that was put together keeps its parts: each character of it counts for so many. */
const BYTES_PER_CHARACTER = 5;

/** The text of a value with structure, kept apart from a value that is such a text. */
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

/** A context as it was when it was asked for; what becomes of the object later does not matter. */
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

  /** Estimates what this takes in memory, in bytes. */
  get size(): number {
    let bytes = 0;
    for (const name of this.names) bytes += ATTRIBUTE_BYTES + textSize(name);
    for (const value of this.values) {
      if (typeof value === 'string') bytes += textSize(value);
      else if (value instanceof Structure) bytes += BYTES_PER_CHARACTER * textSize(value.text);
    }
    return bytes;
  }

  /** Does this context hold the same attributes, in whatever order? */
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
