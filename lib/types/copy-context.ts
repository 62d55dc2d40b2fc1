import { isDate, isMap, isPromise, isSet } from 'node:util/types';
import { describeValue } from '../errors';
import {
  CONTEXT_LIMITS,
  contextError,
  ContextMeter,
  MAX_CHARACTER_BYTES,
  MAX_SCALAR_BYTES,
  contextReadError,
  TEXT_FRAME_BYTES,
  tooLarge,
} from './context-limits';
import { shownName } from './attribute-name';
import { targetingKeyToSend, TARGETING_KEY } from './context-subject';
import { jsonBytes } from './json-bytes';
import { isPlainObject } from './plain-object';

/** The attributes of an evaluation context by name; nothing is assumed of the values. */
export type Attributes = Readonly<Record<string, unknown>>;

/** The context without attributes. */
export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/**
 * The flat and frozen context that was checked last. Within a request one context is evaluated for many flags, and
 * looking through it costs a third of a local evaluation.
 */
let lastChecked: unknown;

/**
 * Checks what was given as an evaluation context, without looking at its attributes.
 *
 * @returns Nothing where there are no attributes: for `undefined`, `null` and an empty object.
 * @throws FlagshipError `INVALID_CONTEXT` for what has no attributes by its nature, a list or a promise for instance:
 * evaluating without any would answer for another user.
 */
export function attributesOf(context: unknown): Attributes | undefined {
  if (context === undefined || context === null) return undefined;
  if (typeof context !== 'object') throw contextError(`it is a ${typeof context}, not an object.`);
  if (Array.isArray(context)) throw contextError('it is a list, not an object.');
  for (const name in context) if (Object.hasOwn(context, name)) return context as Attributes;
  if (isPromise(context)) throw contextError('it is a promise; wait for it first.');
  if (isMap(context) || isSet(context) || isDate(context))
    throw contextError('it is a map, a set or a date, not an object of attributes.');
  return undefined;
}

/**
 * Copies an evaluation context, each property read once, so that nothing that becomes of the original reaches the
 * copy. Plain objects, lists and dates are copied; an object of another kind stays the one it is.
 *
 * @returns A copy that is frozen, and so are the objects and lists in it.
 * @throws FlagshipError `INVALID_CONTEXT` for a context beyond {@link CONTEXT_LIMITS}, or one that cannot be read.
 */
export function copyContext(context: unknown): Attributes {
  return flatCopy(context) ?? copied(context, false);
}

/**
 * Makes an object that was merged from contexts fit to be kept and handed on.
 *
 * @param merged Belongs to the caller alone; what is nested in it may belong to others.
 * @returns Frozen; the same object where nothing is nested in it.
 * @throws FlagshipError As {@link copyContext}.
 */
export function freezeContext(merged: Attributes): Attributes {
  if (isKnownFrozen(merged)) return merged;
  if (!isSmallAndFlat(merged)) return copied(merged, false);
  return remember(Object.freeze(merged));
}

/**
 * Checks a context before Flagship's flags are evaluated for it: what JSON cannot carry is refused by every source
 * alike, before a key is made of the context.
 *
 * @returns The context itself where it is flat, else a copy.
 * @throws FlagshipError `INVALID_CONTEXT` as {@link copyContext}, and for NaN, infinite numbers, functions, symbols,
 * bigints and invalid dates.
 */
export function validateContext(context: unknown): Attributes {
  if (isKnownFrozen(context)) return context as Attributes;
  if (!isFlatObject(context)) return copied(context, true);
  // Of an object that can still change nothing is remembered.
  return Object.isFrozen(context) ? remember(context) : context;
}

/** Whether it is known, at no cost, that a context is frozen, flat and within the limits. */
export function isKnownFrozen(context: unknown): boolean {
  return context === NO_ATTRIBUTES || (context === lastChecked && context !== undefined);
}

function remember(context: Attributes): Attributes {
  lastChecked = context;
  return context;
}

/** The usual context, copied at a tenth of the cost. */
function flatCopy(context: unknown): Attributes | undefined {
  if (typeof context !== 'object' || context === null) return undefined;
  try {
    if (Array.isArray(context)) return undefined;
    // Freezing an object made by spreading makes whatever reads it ten times as slow. `__proto__` cannot be assigned.
    const given = context as Attributes;
    const copy = Object.hasOwn(given, '__proto__') ? { ...given } : Object.assign({}, given);
    return isSmallAndFlat(copy) ? remember(Object.freeze(copy)) : undefined;
  } catch {
    // Copying it one by one finds out what cannot be read.
    return undefined;
  }
}

function isFlatObject(context: unknown): context is Attributes {
  try {
    return typeof context === 'object' && context !== null && isSmallAndFlat(context as Attributes);
  } catch {
    // Copying it one by one finds out what cannot be read.
    return false;
  }
}

/** Whether a look at each value is enough: all are scalars that JSON can carry, and far from the limits. */
function isSmallAndFlat(context: Attributes): boolean {
  let count = 0;
  let length = 0;
  // Inherited properties count as well, at worst for a closer look: leaving them out costs more than all the rest.
  for (const name in context) {
    const value = context[name];
    count++;
    length += name.length;
    switch (typeof value) {
      case 'string':
        length += value.length;
        break;
      case 'number':
        // NaN for NaN and infinite numbers.
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
    // A context without attributes may be one by mistake.
    count > 0 &&
    count <= CONTEXT_LIMITS.attributes &&
    length * MAX_CHARACTER_BYTES + count * (MAX_SCALAR_BYTES + 2 * TEXT_FRAME_BYTES) <=
      CONTEXT_LIMITS.bytes &&
    !Array.isArray(context)
  );
}

function copied(context: unknown, isStrict: boolean): Attributes {
  try {
    const attributes = attributesOf(context);
    if (attributes === undefined) return NO_ATTRIBUTES;
    const meter = new ContextMeter();
    const copy = new ContextCopy(meter, isStrict).attributes(attributes);
    if (meter.isInDoubt && jsonBytes(copy) > CONTEXT_LIMITS.bytes) throw tooLarge();
    return copy;
  } catch (error) {
    throw contextReadError(error);
  }
}

/** One copy of one context. */
class ContextCopy {
  constructor(
    private readonly meter: ContextMeter,
    private readonly isStrict: boolean,
  ) {}

  attributes(context: Attributes): Attributes {
    const names = Object.keys(context);
    const copy = this.members(context, names, '', 1);
    this.meter.addAttributes(Object.keys(copy).length);
    return copy;
  }

  private members(holder: Attributes, names: readonly string[], prefix: string, level: number): Attributes {
    const members: [string, unknown][] = [];
    for (const name of names) {
      const value = holder[name];
      // JSON leaves it out.
      if (value === undefined) continue;
      this.meter.addValues(1);
      this.meter.addText(name);
      const isSubject = name === TARGETING_KEY && prefix === '' && typeof value === 'object';
      const given = isSubject ? targetingKeyToSend(value) : value;
      members.push([name, this.value(given, `${prefix}${shownName(name)}`, level)]);
    }
    return Object.freeze(Object.fromEntries(members));
  }

  private list(list: readonly unknown[], path: string, level: number): unknown {
    const { length } = list;
    // Counted before any item is read: a list can be long without having items.
    this.meter.addValues(length);
    const copy: unknown[] = [];
    // JSON has no undefined in a list.
    for (let index = 0; index < length; index++)
      copy.push(this.value(list[index] ?? null, `${path}[${index}]`, level));
    return Object.freeze(copy);
  }

  private value(value: unknown, path: string, level: number): unknown {
    switch (typeof value) {
      case 'string':
        this.meter.addText(value);
        return value;
      case 'number':
        return Number.isFinite(value) ? value : this.odd(value, path, String(value));
      case 'bigint':
      case 'symbol':
      case 'function':
        return this.odd(value, path, `a ${typeof value}`);
      default:
        return typeof value === 'object' && value !== null ? this.object(value, path, level + 1) : value;
    }
  }

  private object(value: object, path: string, level: number): unknown {
    if (isDate(value)) {
      const time = Date.prototype.getTime.call(value);
      return Number.isNaN(time) ? this.odd(value, path, 'an invalid date') : new Date(time);
    }
    const isList = Array.isArray(value);
    // Left to the source: those that send the context refuse it.
    if (!isList && !isPlainObject(value)) return value;
    this.meter.checkLevel(level, path);
    return isList
      ? this.list(value, path, level)
      : this.members(value, Object.keys(value), `${path}.`, level);
  }

  private odd(value: unknown, path: string, what: string): unknown {
    if (this.isStrict) throw contextError(`${describeValue(path)} is ${what}, which JSON cannot carry.`);
    return value;
  }
}
