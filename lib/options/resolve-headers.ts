import { configurationError } from '../errors';
import { type HeadersInput } from './provider-options';

/** Headers by their names in lower case, so that one source of headers takes precedence over another. */
export type HeaderMap = Readonly<Record<string, string>>;

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a text can be the value of a header. */
export function isHeaderValue(value: string): boolean {
  return HEADER_VALUE.test(value);
}

/** Whether a text can be the name of a header. */
export function isHeaderName(name: string): boolean {
  return HEADER_NAME.test(name);
}

/** Headers about the connection and the length of the body: HTTP clients set them, and refuse or misuse given ones. */
const CONNECTION_HEADERS = new Set([
  'content-length',
  'expect',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

/** Returns the pairs of name and value; their form is not checked yet. */
function pairsOf(input: unknown): Iterable<unknown> {
  if (typeof input !== 'object' || input === null) {
    throw new TypeError('headers must be an object, a Headers or a list of pairs');
  }
  return Symbol.iterator in input ? (input as Iterable<unknown>) : Object.entries(input);
}

function nameAndValue(pair: unknown): readonly [name: unknown, value: unknown] {
  // Destructuring takes text apart as well: "ab" would become the header "a" with the value "b".
  if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError('a list of headers must hold pairs');
  return pair as unknown as [unknown, unknown];
}

/**
 * Reads headers in any of the accepted forms. A header whose value is undefined is left out, and so is white space
 * around a value.
 *
 * @returns The headers by their names in lower case.
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
    if (CONNECTION_HEADERS.has(name.toLowerCase()))
      throw new TypeError(`"${name}" is a header that the HTTP client sets`);
    // As a `Headers` does: mounted secrets end in a line break.
    const text = typeof value === 'string' ? value.trim() : undefined;
    if (text === undefined || !isHeaderValue(text)) {
      throw new TypeError(`the value of "${name}" is not text that a header can hold`);
    }
    headers.set(name.toLowerCase(), text);
  }
  return Object.fromEntries(headers);
}

/**
 * Reads the headers of an option.
 *
 * @returns The headers by their names in lower case; none without the option.
 * @throws FlagshipError `CONFIGURATION_ERROR` for a header that cannot be sent.
 */
export function resolveHeaders(option: string, input: HeadersInput | undefined): HeaderMap {
  if (input === undefined) return {};
  try {
    return readHeaders(input);
  } catch (error) {
    throw configurationError(`option "${option}" cannot be sent: ${(error as Error).message}.`);
  }
}
