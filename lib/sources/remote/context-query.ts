import { type Attributes, readQueryValue, redactedName } from '../../types';
import { attributeNames, invalidContextError, isoDate, readAttribute } from '../context-attributes';

/**
 * The longest URL that carries a context under `contextTransport: 'auto'`, in bytes. Many proxies refuse longer ones:
 * nginx by default reads a request line of 8 KiB.
 */
export const MAX_URL_BYTES = 8 * 1024;

/** The parameter that names the flag. */
const FLAG_KEY = 'flagKey';
/** U+FFFD in a URL. A URL has no lone surrogates and writes this character for each. */
const REPLACEMENT_CHARACTER = '%EF%BF%BD';
/** A text that `application/x-www-form-urlencoded` does not change. */
const PLAIN = /^[A-Za-z0-9*\-._]*$/;

type Parameter = readonly [name: string, value: string];

function encode(text: string): string {
  return PLAIN.test(text) ? text : new URLSearchParams([['', text]]).toString().slice(1);
}

/** Returns a value as the query carries it; `undefined` if it is omitted, `null` if a query cannot carry it. */
function asParameter(value: unknown): string | undefined | null {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
      return String(value);
    case 'undefined':
      return undefined;
    default:
      return value === null ? undefined : (isoDate(value) ?? null);
  }
}

/**
 * Returns the text from which Flagship reads the same value again; undefined if there is none. A text such as `42` or
 * `true` has none, because a number or boolean compares otherwise than the text: with a date, "2026" is a year.
 */
function asExactParameter(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return readQueryValue(value) === value ? value : undefined;
    case 'number':
      // A larger number arrives as text.
      return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? String(value) : undefined;
    case 'boolean':
      return String(value);
    default:
      return isoDate(value);
  }
}

/**
 * Returns the context as query parameters, in the order of its attributes. Null and undefined are omitted.
 *
 * @throws FlagshipError `INVALID_CONTEXT` for objects and lists, and for an attribute named `flagKey`, because a query
 * names the flag with that parameter.
 */
function queryParameters(context: Attributes): readonly Parameter[] {
  const parameters: Parameter[] = [];
  const unsendable: string[] = [];
  for (const name of attributeNames(context)) {
    const value = asParameter(readAttribute(context, name));
    if (value === undefined) continue;
    if (value === null) unsendable.push(name);
    else if (name === FLAG_KEY)
      throw invalidContextError(
        'an attribute may not be called "flagKey"; rename it, or set "contextTransport" to "body".',
      );
    else parameters.push([name, value]);
  }
  if (unsendable.length > 0) {
    const names = unsendable.map((name) => `"${redactedName(name)}"`).join(', ');
    throw invalidContextError(
      `a query carries text, numbers, booleans and valid dates, which ${names} is not; set "contextTransport" to "body".`,
    );
  }
  return parameters;
}

/** Returns the context as query parameters, or undefined if a query would change it. Undefined is omitted. */
function exactParameters(endpoint: URL, context: Attributes): readonly Parameter[] | undefined {
  const parameters: Parameter[] = [];
  const hasQuery = endpoint.search !== '';
  for (const name of attributeNames(context)) {
    const value = readAttribute(context, name);
    if (value === undefined) continue;
    const text = asExactParameter(value);
    if (text === undefined || name === FLAG_KEY) return undefined;
    // The attribute would replace a parameter of the endpoint, which may be a proxy's key.
    if (hasQuery && endpoint.searchParams.has(name)) return undefined;
    parameters.push([name, text]);
  }
  return parameters;
}

function pathOf(endpoint: URL, flagKey: string, parameters: readonly Parameter[]): string {
  if (endpoint.search !== '') {
    const query = new URLSearchParams(endpoint.search);
    for (const [name, value] of [[FLAG_KEY, flagKey] as const, ...parameters]) query.set(name, value);
    return `${endpoint.pathname}?${query.toString()}`;
  }
  let path = `${endpoint.pathname}?${FLAG_KEY}=${encode(flagKey)}`;
  for (const [name, value] of parameters) path += `&${encode(name)}=${encode(value)}`;
  return path;
}

/**
 * Returns the path of the endpoint with flag and context. They replace parameters of the same name in the endpoint.
 *
 * @throws FlagshipError `INVALID_CONTEXT` for a context that a query cannot carry.
 */
export function evaluationPath(endpoint: URL, flagKey: string, context: Attributes): string {
  return pathOf(endpoint, flagKey, queryParameters(context));
}

/**
 * Returns the path of the endpoint with flag and context, if Flagship reads exactly this context from it. Otherwise
 * returns undefined: for null, objects and lists, for texts that it would read as numbers or booleans, numbers that it
 * would read as text, lone surrogates, an attribute named as a parameter of the request, and for a URL of more than
 * {@link MAX_URL_BYTES}.
 */
export function exactPath(endpoint: URL, flagKey: string, context: Attributes): string | undefined {
  const parameters = exactParameters(endpoint, context);
  if (parameters === undefined) return undefined;
  const path = pathOf(endpoint, flagKey, parameters);
  // An encoded URL is ASCII, a byte for each character.
  const isTooLong = endpoint.origin.length + path.length > MAX_URL_BYTES;
  return isTooLong || path.includes(REPLACEMENT_CHARACTER) ? undefined : path;
}
