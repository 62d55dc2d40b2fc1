import { FlagshipError, FlagshipErrorCode } from '../errors';
import { quoted } from './malformed-flag';

/** An evaluation context as the engine sees it: attributes by name, nothing assumed of the values. */
export type Attributes = Readonly<Record<string, unknown>>;

/** Reads one attribute; `undefined` means the context does not have it. */
export type AttributeReader = (context: Attributes) => unknown;

const MAX_PATH_SEGMENTS = 5;

export type Scalar = string | number | boolean;

export function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

export function isPrimitive(value: unknown): boolean {
  return value === null || typeof value !== 'object';
}

/** By its class's name: a date of another realm, such as a test runner's, is a date all the same. */
function isDate(value: unknown): value is Date {
  return (
    typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Date]'
  );
}

/** Over the wire a date is its ISO 8601 text, so the engine sees it as that text too. */
export function toWireValue(value: unknown): unknown {
  return isDate(value) && !Number.isNaN(value.getTime()) ? value.toISOString() : value;
}

function readOwn(holder: unknown, name: string): unknown {
  // Own keys only: a look-up must never find what every object inherits, such as `constructor`.
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return undefined;
  return (holder as Attributes)[name];
}

function readPath(context: Attributes, segments: readonly string[]): unknown {
  let value: unknown = context;
  for (const segment of segments) value = readOwn(value, segment);
  return value;
}

/**
 * An attribute whose getter or proxy throws: the context is at fault, not the flag. What was thrown is not passed on: it
 * may quote the attribute.
 */
export function unreadable(what: string): FlagshipError {
  return new FlagshipError(`${what} cannot be read.`, FlagshipErrorCode.INVALID_CONTEXT);
}

/** Thousands of conditions ask for the same few attributes. */
const readers = new Map<string, AttributeReader>();
const MAX_READERS = 1000;

/** Prepares the look-up of an attribute: its literal name first, then its dotted path. */
export function attributeReader(attribute: string): AttributeReader {
  const known = readers.get(attribute);
  if (known !== undefined) return known;
  const reader = makeReader(attribute);
  if (readers.size < MAX_READERS) readers.set(attribute, reader);
  return reader;
}

function makeReader(attribute: string): AttributeReader {
  const segments = attribute.split('.');
  const isPath = segments.length > 1 && segments.length <= MAX_PATH_SEGMENTS;
  const what = `The attribute ${quoted(attribute)}`;
  if (!isPath) {
    return (context) => {
      try {
        return toWireValue(readOwn(context, attribute));
      } catch {
        throw unreadable(what);
      }
    };
  }
  return (context) => {
    try {
      return toWireValue(
        Object.hasOwn(context, attribute) ? context[attribute] : readPath(context, segments),
      );
    } catch {
      throw unreadable(what);
    }
  };
}
