import { type Attributes, type JsonValue } from '../types';
import { invalidContextError } from './context-attributes';

/** The attributes of a context that holds only what JSON can carry. */
export type JsonContext = Record<string, JsonValue>;

/**
 * Returns the request body for a flag and a context. JSON keeps the types of the attributes.
 *
 * @param context A context that the provider has validated: within the limits, and of values that JSON can hold.
 * @throws FlagshipError `INVALID_CONTEXT` for an attribute that cannot be read again.
 */
export function evaluationBody(flagKey: string, context: Attributes): string {
  try {
    // Copied, because JSON would call a `toJSON` that the context inherits, and send something else.
    return JSON.stringify({ flagKey, context: { ...context } });
  } catch {
    // A getter of the application's. What it threw is dropped, because it may quote values.
    throw invalidContextError('it cannot be read.');
  }
}

/**
 * Returns a copy of a context as JSON carries it: dates are ISO 8601 text, undefined is left out.
 *
 * @param context A context that the provider has validated, as for {@link evaluationBody}.
 * @throws FlagshipError `INVALID_CONTEXT` for an attribute that cannot be read again.
 */
export function jsonContext(context: Attributes): JsonContext {
  return (JSON.parse(evaluationBody('', context)) as { context: JsonContext }).context;
}
