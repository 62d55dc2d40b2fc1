import { configurationError } from '../errors';
import { type HeadersInput } from './provider-options';

/** Header names in lower case, so that one source can win over another. */
export type HeaderMap = Readonly<Record<string, string>>;

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export function isHeaderName(name: string): boolean {
  return HEADER_NAME.test(name);
}

function pairsOf(input: unknown): Iterable<unknown> {
  if (typeof input !== 'object' || input === null) {
    throw new TypeError('headers must be an object, a Headers or a list of pairs');
  }
  return Symbol.iterator in input ? (input as Iterable<unknown>) : Object.entries(input);
}

function nameAndValue(pair: unknown): readonly [name: unknown, value: unknown] {
  // Text can be taken apart like a list, and would be, into headers that nobody meant.
  if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError('a list of headers must hold pairs');
  return pair as unknown as [unknown, unknown];
}

/**
 * Reads headers in any of the accepted forms. A header whose value is undefined is left out.
 *
 * @throws TypeError when a name or a value cannot be a header. The message never holds the value.
 */
export function readHeaders(input: HeadersInput): HeaderMap {
  const headers = new Map<string, string>();
  for (const pair of pairsOf(input)) {
    const [name, value] = nameAndValue(pair);
    if (value === undefined) continue;
    if (typeof name !== 'string' || !isHeaderName(name)) {
      throw new TypeError(`${JSON.stringify(name)} is no header name`);
    }
    if (typeof value !== 'string' || !HEADER_VALUE.test(value)) {
      throw new TypeError(`the value of "${name}" is not text that a header can hold`);
    }
    headers.set(name.toLowerCase(), value);
  }
  return Object.fromEntries(headers);
}

/** Reads the headers of an option; a header that cannot be sent is an error at start. */
export function resolveHeaders(option: string, input: HeadersInput | undefined): HeaderMap {
  if (input === undefined) return {};
  try {
    return readHeaders(input);
  } catch (error) {
    throw configurationError(`option "${option}" cannot be sent: ${(error as Error).message}.`);
  }
}
