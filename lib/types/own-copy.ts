import { isDate } from 'node:util/types';
import { isPlainObject } from './plain-object';

/**
 * Returns a copy that belongs to the caller: other callers do not see what it writes into the copy. Plain objects,
 * lists and dates are copied at any depth, circular and shared ones included. All other values (scalars, functions,
 * instances of a class) are returned as they are, because a copy of an instance needs code of its class. Never throws: a
 * value that cannot be read is returned as it is.
 *
 * @example
 * const settings = ownCopy(DEFAULT_SETTINGS);
 */
export function ownCopy<T>(value: T): T {
  return typeof value === 'object' && value !== null ? (copyObject(value) as T) : value;
}

// A function of its own: with the `try` in `ownCopy`, V8 would not inline that into an evaluation.
function copyObject(value: object): unknown {
  try {
    const copy = shallowCopy(value);
    return copy === value || isFlat(copy) ? copy : copyStructure(value, copy);
  } catch {
    return value;
  }
}

/** Whether an object holds no other objects, as nearly every flag's value. Its shallow copy is a complete one. */
function isFlat(copy: object): boolean {
  for (const member of Object.values(copy)) if (typeof member === 'object' && member !== null) return false;
  return true;
}

/** Completes the shallow copy of a nested structure. It iterates, because a structure may be deeper than the stack. */
function copyStructure(value: object, copy: object): object {
  const copies = new Map<object, object>([[value, copy]]);
  // The iteration also visits the entries that are added during it.
  for (const [original, copied] of copies) {
    if (copied === original) continue;
    for (const name of Object.keys(copied)) {
      const member = (copied as Record<string, unknown>)[name];
      if (typeof member !== 'object' || member === null) continue;
      let memberCopy = copies.get(member);
      if (memberCopy === undefined) copies.set(member, (memberCopy = shallowCopy(member)));
      (copied as Record<string, unknown>)[name] = memberCopy;
    }
  }
  return copy;
}

/** Returns a copy of one level, or the object itself if it is not plain data. */
function shallowCopy(value: object): object {
  if (Array.isArray(value)) return (value as unknown[]).slice();
  if (isDate(value)) return Object.getPrototypeOf(value) === Date.prototype ? new Date(value) : value;
  if (!isPlainObject(value)) return value;
  // Spreading copies an own `__proto__` as a property; an assignment would set the prototype.
  const copy = { ...value };
  return Object.getPrototypeOf(value) === null ? (Object.setPrototypeOf(copy, null) as object) : copy;
}
