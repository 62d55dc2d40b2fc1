import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type Attributes } from '../types';
import { quoted } from './malformed-flag';

/** Returns the value of one attribute, or `undefined` if the context does not have it. */
export type AttributeReader = (context: Attributes) => unknown;

/** The most names in a dotted path, as in Flagship. */
const MAX_PATH_SEGMENTS = 5;

export type Scalar = string | number | boolean;

export function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

export function isPrimitive(value: unknown): boolean {
  return value === null || typeof value !== 'object';
}

/** Whether a value is a date, of this realm or another, such as that of a test runner. */
function isDate(value: unknown): value is Date {
  return (
    typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Date]'
  );
}

/** Converts a date to the ISO 8601 text that Flagship would receive, so that both compare the same text. */
export function dateToIso(value: unknown): unknown {
  return isDate(value) && !Number.isNaN(value.getTime()) ? value.toISOString() : value;
}

/** Returns an own property: a path must not find what every object inherits, such as `constructor`. */
function readOwn(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return undefined;
  return (holder as Attributes)[name];
}

function readPath(context: Attributes, segments: readonly string[]): unknown {
  let value: unknown = context;
  for (const segment of segments) value = readOwn(value, segment);
  return value;
}

/**
 * Returns the error of an attribute whose getter or proxy throws. The context is at fault, not the flag. The thrown
 * error is dropped, because it may quote the attribute's value.
 */
export function unreadableError(subject: string): FlagshipError {
  return new FlagshipError(`${subject} cannot be read.`, FlagshipErrorCode.INVALID_CONTEXT);
}

/** Readers by attribute: thousands of conditions read the same few attributes. */
const readers = new Map<string, AttributeReader>();
const MAX_READERS = 1000;

/** Returns the reader of an attribute, which looks up its literal name first, then its dotted path. */
export function attributeReader(attribute: string): AttributeReader {
  const known = readers.get(attribute);
  if (known !== undefined) return known;
  const reader = createReader(attribute);
  if (readers.size < MAX_READERS) readers.set(attribute, reader);
  return reader;
}

function createReader(attribute: string): AttributeReader {
  const segments = attribute.split('.');
  const isPath = segments.length > 1 && segments.length <= MAX_PATH_SEGMENTS;
  const subject = `The attribute ${quoted(attribute)}`;
  if (!isPath) {
    return (context) => {
      try {
        return dateToIso(readOwn(context, attribute));
      } catch {
        throw unreadableError(subject);
      }
    };
  }
  return (context) => {
    try {
      return dateToIso(Object.hasOwn(context, attribute) ? context[attribute] : readPath(context, segments));
    } catch {
      throw unreadableError(subject);
    }
  };
}
