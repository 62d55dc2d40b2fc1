import { contextError } from './context-limits';
import { subjectId } from './subject-id';

/** The attribute that is the user. */
export const TARGETING_KEY = 'targetingKey';

/**
 * Returns the text of a targeting key that is an object (an `ObjectId`): rules and rollouts compare text, and would
 * evaluate for a user without an id.
 *
 * @throws FlagshipError `INVALID_CONTEXT` for what can be no id.
 */
export function subjectOf(value: object | null): string | null {
  if (value === null) return null;
  const id = subjectId(value, (kind) => {
    throw contextError(`"${TARGETING_KEY}" is ${kind}, which is no id.`);
  });
  return id ?? null;
}
