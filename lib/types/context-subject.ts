import { contextError } from './context-limits';
import { isPlainObject } from './plain-object';
import { toTargetingKey } from './targeting-key';

/** The attribute that is the user. */
export const TARGETING_KEY = 'targetingKey';

/**
 * Returns the text of a targeting key that is an object (an `ObjectId`): rules and rollouts compare text, and would
 * evaluate for a user without an id. Lists and plain objects stay as they are: Flagship takes them, and answers that no
 * rollout matches.
 *
 * @throws FlagshipError `INVALID_CONTEXT` for what can neither be sent nor be an id: bytes, maps, promises.
 */
export function targetingKeyToSend(value: object | null): object | string | null {
  if (value === null || isJson(value)) return value;
  const id = toTargetingKey(value, (kind) => {
    throw contextError(`"${TARGETING_KEY}" is ${kind}, which is no id.`);
  });
  return id ?? null;
}

/** Whether it is a list, or an object that has no text of its own. */
function isJson(value: object): boolean {
  if (Array.isArray(value)) return true;
  return (
    isPlainObject(value) &&
    !['then', 'toJSON', 'valueOf', 'toString'].some((name) => Object.hasOwn(value, name))
  );
}
