import { isDate } from 'node:util/types';
import { shownName, isPlainObject } from '../../types';
import { dateText } from '../date-text';
import { type ContextAttributes } from '../flag-source';
import { attributeNames, attributeOf, invalidContext } from '../invalid-context';
/** The API's own limits for a context; also what ends a circle, and the growth of what is shared many times over. */
const MAX_LEVELS = 10;
const MAX_VALUES = 10_000;
const MAX_SIZE = 32 * 1024;

function unsendable(path: string, what: string): never {
  throw invalidContext(`"${path}" is ${what}, which JSON cannot carry.`);
}

/** Copies one context to what JSON can carry, and counts on the way. */
class BodyContext {
  private scalars = 0;
  private structures = 0;
  /** Of names and texts, in characters: no more than the bytes that will be sent. */
  private size = 0;

  attributes(holder: ContextAttributes, prefix: string, level: number): unknown {
    this.structures++;
    const copy: [string, unknown][] = [];
    for (const name of attributeNames(holder)) {
      this.count(name.length, prefix);
      copy.push([name, this.sendable(attributeOf(holder, name), `${prefix}${shownName(name)}`, level)]);
    }
    return Object.fromEntries(copy);
  }

  private count(characters: number, path: string): void {
    this.size += characters;
    if (this.scalars > MAX_VALUES || this.structures > MAX_VALUES || this.size > MAX_SIZE)
      throw tooLarge(path);
  }

  private list(holder: readonly unknown[], path: string, level: number): unknown[] {
    const elements = holder as unknown as ContextAttributes;
    const length = Number(attributeOf(elements, 'length'));
    this.structures++;
    // Before they are looked at: a list may claim four billion.
    if (length > MAX_VALUES) throw tooLarge(path);
    return Array.from(
      { length },
      (_, index) => this.sendable(attributeOf(elements, String(index)), `${path}[${index}]`, level) ?? null,
    );
  }

  private structure(value: object, path: string, level: number): unknown {
    if (level > MAX_LEVELS) return unsendable(path, `nested more than ${MAX_LEVELS} deep, or circular`);
    if (isList(value)) return this.list(value, path, level);
    if (!isPlainObject(value)) return unsendable(path, 'neither a plain object nor a list');
    return this.attributes(value, `${path}.`, level);
  }

  private sendable(value: unknown, path: string, level: number): unknown {
    this.scalars++;
    this.count(0, path);
    switch (typeof value) {
      case 'string':
        this.count(value.length, path);
        return value;
      case 'boolean':
      case 'undefined':
        return value;
      case 'number':
        return Number.isFinite(value) ? value : unsendable(path, String(value));
      case 'object':
        if (value === null) return null;
        if (isDate(value)) return dateText(value) ?? unsendable(path, 'an invalid date');
        this.scalars--;
        return this.structure(value, path, level + 1);
      default:
        return unsendable(path, `a ${typeof value}`);
    }
  }
}

function isList(value: object): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    // A revoked proxy.
    return false;
  }
}

function tooLarge(path: string): Error {
  return invalidContext(
    `it is too large at "${path.slice(0, 100)}"; Flagship takes ${MAX_VALUES} values and ${MAX_SIZE} bytes.`,
  );
}

/**
 * The request body for a flag and a context, types kept.
 *
 * @throws FlagshipError `INVALID_CONTEXT` for what JSON cannot carry, and for more than the API takes, rather than
 * sending something else instead.
 */
export function evaluationBody(flagKey: string, context: ContextAttributes): string {
  return JSON.stringify({ flagKey, context: new BodyContext().attributes(context, '', 0) });
}
