import { isDate } from 'node:util/types';
import { type FlagshipError, FlagshipErrorCode, DefinitiveError } from '../errors';
import { type Attributes, redactedName } from '../types';

/**
 * Returns the error of a context that cannot be sent.
 *
 * @param problem Names attributes, never their values, because the message appears in logs.
 */
export function invalidContextError(problem: string): FlagshipError {
  return new DefinitiveError(
    `The evaluation context cannot be sent: ${problem}`,
    FlagshipErrorCode.INVALID_CONTEXT,
  );
}

/**
 * Returns the names of the attributes of a context, or of an object in it.
 *
 * @throws FlagshipError `INVALID_CONTEXT` when a proxy throws.
 */
export function attributeNames(context: object): readonly string[] {
  try {
    return Object.keys(context);
  } catch {
    throw invalidContextError('it cannot be read.');
  }
}

/**
 * Returns the value of an attribute.
 *
 * @throws FlagshipError `INVALID_CONTEXT` when a getter or a proxy of the application's throws. The message of that
 * error is dropped, because it may quote values.
 */
export function readAttribute(context: Attributes, name: string): unknown {
  try {
    return context[name];
  } catch {
    throw invalidContextError(`"${redactedName(name)}" cannot be read.`);
  }
}

/**
 * Returns a valid date as ISO 8601, and undefined for other values. Calls the methods of `Date.prototype`, because the
 * application may have replaced those of the date itself.
 */
export function isoDate(value: unknown): string | undefined {
  if (!isDate(value)) return undefined;
  const time = Date.prototype.getTime.call(value);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
