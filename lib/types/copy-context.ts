import { type Attributes, attributesOf } from './attributes';
import {
  CONTEXT_LIMITS,
  contextReadError,
  MAX_CHARACTER_BYTES,
  MAX_SCALAR_BYTES,
  TEXT_FRAME_BYTES,
} from './context-limits';
import { copyNestedContext } from './nested-context';

/** The context without attributes. */
export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/**
 * The last flat and frozen context that was validated. Within a request one context is evaluated for many flags, and
 * validating it takes a third of the time of a local evaluation.
 */
let lastValidated: unknown;

/**
 * Copies an evaluation context, so that later changes to the original do not reach the copy. Each property is read
 * once. Plain objects, lists and dates are copied; an instance of a class is kept.
 *
 * @returns The copy; it and the objects and lists in it are frozen.
 * @throws FlagshipError `INVALID_CONTEXT` for a context beyond {@link CONTEXT_LIMITS}, or one that cannot be read.
 */
export function copyContext(context: unknown): Attributes {
  return copyFlat(context) ?? copyNested(context, false);
}

/**
 * Freezes a context that was merged from others, or copies it if it holds objects.
 *
 * @param merged Belongs to the caller alone; the objects in it may belong to others.
 * @returns The frozen context: the same object if it is flat.
 * @throws FlagshipError As {@link copyContext}.
 */
export function freezeContext(merged: Attributes): Attributes {
  if (isLastValidated(merged)) return merged;
  if (!isSmallAndFlat(merged)) return copyNested(merged, false);
  return remember(Object.freeze(merged));
}

/**
 * Checks a context before an evaluation, so that every source refuses the values that JSON cannot hold, and before a
 * cache key is made of it.
 *
 * @returns The context itself if it is flat, otherwise a copy, which holds no instances but dates.
 * @throws FlagshipError `INVALID_CONTEXT` as {@link copyContext}, and for NaN, infinite numbers, functions, symbols,
 * bigints, invalid dates and instances of classes, such as maps, bytes and boxed values.
 */
export function validateContext(context: unknown): Attributes {
  if (isLastValidated(context)) return context as Attributes;
  if (!isFlatObject(context)) return copyNested(context, true);
  // A context that is not frozen may change after its validation.
  return Object.isFrozen(context) ? remember(context) : context;
}

/** Whether a context is known, without reading it, to be frozen, flat and within the limits. */
export function isLastValidated(context: unknown): boolean {
  return context === NO_ATTRIBUTES || (context === lastValidated && context !== undefined);
}

function remember(context: Attributes): Attributes {
  lastValidated = context;
  return context;
}

/** Copies a flat context, the usual kind, at a tenth of the cost. Returns undefined for any other value. */
function copyFlat(context: unknown): Attributes | undefined {
  if (typeof context !== 'object' || context === null) return undefined;
  try {
    if (Array.isArray(context)) return undefined;
    // Reading a frozen object that was made by spreading is ten times as slow. `Object.assign` cannot copy `__proto__`.
    const source = context as Attributes;
    const copy = Object.hasOwn(source, '__proto__') ? { ...source } : Object.assign({}, source);
    return isSmallAndFlat(copy) ? remember(Object.freeze(copy)) : undefined;
  } catch {
    // `copyNested` reads each property and reports the one that throws.
    return undefined;
  }
}

function isFlatObject(context: unknown): context is Attributes {
  try {
    return typeof context === 'object' && context !== null && isSmallAndFlat(context as Attributes);
  } catch {
    // `copyNested` reads each property and reports the one that throws.
    return false;
  }
}

/** Whether all values are scalars that JSON can hold, and the context is far from the limits. */
function isSmallAndFlat(context: Attributes): boolean {
  let count = 0;
  let length = 0;
  // Inherited properties are counted as well, because excluding them costs more than the whole check. At worst they
  // cause a nested copy.
  for (const name in context) {
    const value = context[name];
    count++;
    length += name.length;
    switch (typeof value) {
      case 'string':
        length += value.length;
        break;
      case 'number':
        // The difference is NaN for NaN and infinite numbers.
        if (value - value !== 0) return false;
        break;
      case 'boolean':
      case 'undefined':
        break;
      default:
        if (value !== null) return false;
    }
  }
  return (
    // Without attributes, the value may be of a kind that `attributesOf` refuses.
    count > 0 &&
    count <= CONTEXT_LIMITS.attributes &&
    length * MAX_CHARACTER_BYTES + count * (MAX_SCALAR_BYTES + 2 * TEXT_FRAME_BYTES) <=
      CONTEXT_LIMITS.bytes &&
    !Array.isArray(context)
  );
}

function copyNested(context: unknown, isStrict: boolean): Attributes {
  try {
    const attributes = attributesOf(context);
    return attributes === undefined ? NO_ATTRIBUTES : copyNestedContext(attributes, isStrict);
  } catch (error) {
    throw contextReadError(error);
  }
}
