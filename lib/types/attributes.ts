import {
  isAnyArrayBuffer,
  isBoxedPrimitive,
  isDate,
  isMap,
  isNativeError,
  isPromise,
  isRegExp,
  isSet,
} from 'node:util/types';
import { contextError } from './context-limits';

/** The attributes of an evaluation context by name. Their values can be of any type. */
export type Attributes = Readonly<Record<string, unknown>>;

/**
 * Checks the value that was given as an evaluation context, without reading its attributes.
 *
 * @returns The context, or undefined if it has no attributes: for `undefined`, `null` and an empty object.
 * @throws FlagshipError `INVALID_CONTEXT` for a value that cannot have attributes, such as a list or a promise.
 * Evaluating without attributes would serve the variation of another user.
 */
export function attributesOf(context: unknown): Attributes | undefined {
  if (context === undefined || context === null) return undefined;
  if (typeof context !== 'object') throw contextError(`it is a ${typeof context}, not an object.`);
  if (Array.isArray(context)) throw contextError('it is a list, not an object.');
  // The attributes of bytes and of boxed text would be their elements.
  if (ArrayBuffer.isView(context) || isAnyArrayBuffer(context) || isBoxedPrimitive(context))
    throw contextError('it is bytes or a boxed value, not an object of attributes.');
  for (const name in context) if (Object.hasOwn(context, name)) return context as Attributes;
  if (isPromise(context)) throw contextError('it is a promise; wait for it first.');
  if (isMap(context) || isSet(context) || isDate(context) || isNativeError(context) || isRegExp(context))
    throw contextError(
      'it is a map, a set, a date, an error or a regular expression, not an object of attributes.',
    );
  return undefined;
}
