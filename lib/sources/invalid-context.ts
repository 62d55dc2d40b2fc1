import { type FlagshipError, FlagshipErrorCode, DefinitiveError } from '../errors';
import { shownName } from '../types';
import { type ContextAttributes } from './flag-source';

/** Names the attributes, never their values: the message ends up in logs. */
export function invalidContext(problem: string): FlagshipError {
  return new DefinitiveError(
    `The evaluation context cannot be sent: ${problem}`,
    FlagshipErrorCode.INVALID_CONTEXT,
  );
}

/** The names of a context's attributes, or of what it holds. */
export function attributeNames(context: object): readonly string[] {
  try {
    return Object.keys(context);
  } catch {
    throw invalidContext('it cannot be read.');
  }
}

/**
 * One attribute. It may be the application's own code that is read: what that throws may quote anything, and is not
 * passed on.
 */
export function attributeOf(context: ContextAttributes, name: string): unknown {
  try {
    return context[name];
  } catch {
    throw invalidContext(`"${shownName(name)}" cannot be read.`);
  }
}
