import { isDate } from 'node:util/types';
import { type JsonValue } from '../options';
import { type Attributes, CONTEXT_LIMITS, isPlainObject, redactedName } from '../types';
import { attributeNames, invalidContextError, isoDate, readAttribute } from './context-attributes';

/** The attributes of a context that holds only what JSON can carry. */
export type JsonContext = Record<string, JsonValue>;

/**
 * Returns the request body for a flag and a context. JSON keeps the types of the attributes.
 *
 * @throws FlagshipError As {@link jsonContext}.
 */
export function evaluationBody(flagKey: string, context: Attributes): string {
  return JSON.stringify({ flagKey, context: jsonContext(context) });
}

/**
 * Returns a copy of a context that holds only what JSON can carry: dates are ISO 8601 text, undefined is left out.
 *
 * @throws FlagshipError `INVALID_CONTEXT` for values that JSON cannot carry, and beyond the limits of Flagship, instead
 * of returning a different context.
 */
export function jsonContext(context: Attributes): JsonContext {
  return new JsonCopy().copyAttributes(context, '', 0);
}

/**
 * Copies one context to values that JSON can carry, and counts them meanwhile. The limits also end the copying of
 * circular objects, and of objects that are shared so often that the copy would fill the memory.
 */
class JsonCopy {
  private scalars = 0;
  private structures = 0;
  /** The characters of names and texts. Their bytes in JSON are at least as many. */
  private characters = 0;

  /** @param level The number of objects and lists around these attributes; 0 for the context itself. */
  copyAttributes(holder: Attributes, prefix: string, level: number): JsonContext {
    this.structures++;
    const copy: [string, JsonValue][] = [];
    for (const name of attributeNames(holder)) {
      this.count(name.length, prefix);
      const path = `${prefix}${redactedName(name)}`;
      const value = this.copyValue(readAttribute(holder, name), path, level);
      if (value !== undefined) copy.push([name, value]);
    }
    return Object.fromEntries(copy);
  }

  private count(characters: number, path: string): void {
    const { values, bytes } = CONTEXT_LIMITS;
    this.characters += characters;
    if (this.scalars > values || this.structures > values || this.characters > bytes)
      throw tooLargeError(path);
  }

  private copyList(list: readonly unknown[], path: string, level: number): JsonValue[] {
    const elements = list as unknown as Attributes;
    const length = Number(readAttribute(elements, 'length'));
    this.structures++;
    // Checked before the elements are read, because a sparse list may have a length of four billion.
    if (length > CONTEXT_LIMITS.values) throw tooLargeError(path);
    return Array.from(
      { length },
      (_, index) =>
        this.copyValue(readAttribute(elements, String(index)), `${path}[${index}]`, level) ?? null,
    );
  }

  private copyStructure(value: object, path: string, level: number): JsonValue {
    if (level > CONTEXT_LIMITS.levels)
      return refuse(path, `nested more than ${CONTEXT_LIMITS.levels} deep, or circular`);
    if (isList(value)) return this.copyList(value, path, level);
    if (!isPlainObject(value)) return refuse(path, 'neither a plain object nor a list');
    return this.copyAttributes(value, `${path}.`, level);
  }

  private copyValue(value: unknown, path: string, level: number): JsonValue | undefined {
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
        return Number.isFinite(value) ? value : refuse(path, String(value));
      case 'object':
        if (value === null) return null;
        if (isDate(value)) return isoDate(value) ?? refuse(path, 'an invalid date');
        this.scalars--;
        return this.copyStructure(value, path, level + 1);
      default:
        return refuse(path, `a ${typeof value}`);
    }
  }
}

function isList(value: object): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    // `Array.isArray` throws for a revoked proxy.
    return false;
  }
}

function refuse(path: string, what: string): never {
  throw invalidContextError(`"${path}" is ${what}, which JSON cannot carry.`);
}

function tooLargeError(path: string): Error {
  const { values, bytes } = CONTEXT_LIMITS;
  return invalidContextError(
    `it is too large at "${path.slice(0, 100)}"; Flagship takes ${values} values and ${bytes} bytes.`,
  );
}
