import { type Attributes, redactedName } from '../../types';
import { attributeNames, invalidContextError, isoDate, readAttribute } from '../context-attributes';

/** A text that `application/x-www-form-urlencoded` does not change. */
const PLAIN = /^[A-Za-z0-9*\-._]*$/;

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

/** Whether a query can carry this context without changing it. */
export function fitsQuery(context: Attributes): boolean {
  return attributeNames(context).every((name) => {
    const parameter = asParameter(readAttribute(context, name));
    return parameter === undefined || (parameter !== null && name !== 'flagKey');
  });
}

/**
 * Returns the context as query parameters, in the order of its attributes. Null and undefined are omitted.
 *
 * @throws FlagshipError `INVALID_CONTEXT` for objects and lists, and for an attribute named `flagKey`, because a query
 * names the flag with that parameter.
 */
export function queryParameters(context: Attributes): [name: string, value: string][] {
  const parameters: [string, string][] = [];
  const unsendable: string[] = [];
  for (const name of attributeNames(context)) {
    const value = asParameter(readAttribute(context, name));
    if (value === undefined) continue;
    if (value === null) unsendable.push(name);
    else if (name === 'flagKey')
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

/** Returns the path of the endpoint with flag and context. They replace parameters of the same name in the endpoint. */
export function evaluationPath(endpoint: URL, flagKey: string, context: Attributes): string {
  const parameters = queryParameters(context);
  if (endpoint.search !== '') {
    const query = new URLSearchParams(endpoint.search);
    for (const [name, value] of [['flagKey', flagKey] as const, ...parameters]) query.set(name, value);
    return `${endpoint.pathname}?${query.toString()}`;
  }
  let path = `${endpoint.pathname}?flagKey=${encode(flagKey)}`;
  for (const [name, value] of parameters) path += `&${encode(name)}=${encode(value)}`;
  return path;
}
