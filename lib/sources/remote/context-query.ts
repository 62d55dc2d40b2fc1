import { shownName } from '../../types';
import { dateText } from '../date-text';
import { type ContextAttributes } from '../flag-source';
import { attributeNames, attributeOf, invalidContext } from '../invalid-context';

/** What `application/x-www-form-urlencoded` leaves as it is. */
const PLAIN = /^[A-Za-z0-9*\-._]*$/;

function encode(text: string): string {
  return PLAIN.test(text) ? text : new URLSearchParams([['', text]]).toString().slice(1);
}

/** A value as the query carries it; `undefined` when it is left out, `null` when a query cannot carry it. */
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
      return value === null ? undefined : (dateText(value) ?? null);
  }
}

/** Whether a query can carry this context without loss. */
export function fitsQuery(context: ContextAttributes): boolean {
  return attributeNames(context).every((name) => {
    const parameter = asParameter(attributeOf(context, name));
    return parameter === undefined || (parameter !== null && name !== 'flagKey');
  });
}

/**
 * The context as query parameters, in the order of its attributes; null and undefined are left out.
 *
 * @throws FlagshipError `INVALID_CONTEXT` for structure, and for an attribute called `flagKey`: in a query it could
 * not be told apart from the flag that is asked for.
 */
export function queryParameters(context: ContextAttributes): [name: string, value: string][] {
  const parameters: [string, string][] = [];
  const unsendable: string[] = [];
  for (const name of attributeNames(context)) {
    const value = asParameter(attributeOf(context, name));
    if (value === undefined) continue;
    if (value === null) unsendable.push(name);
    else if (name === 'flagKey')
      throw invalidContext(
        'an attribute may not be called "flagKey"; rename it, or set "contextTransport" to "body".',
      );
    else parameters.push([name, value]);
  }
  if (unsendable.length > 0) {
    const names = unsendable.map((name) => `"${shownName(name)}"`).join(', ');
    throw invalidContext(
      `a query carries text, numbers, booleans and valid dates, which ${names} is not; set "contextTransport" to "body".`,
    );
  }
  return parameters;
}

/** Adds the flag and the context to the endpoint's path. A parameter of the endpoint's own gives way. */
export function evaluationPath(endpoint: URL, flagKey: string, context: ContextAttributes): string {
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
