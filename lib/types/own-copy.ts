import { isDate } from 'node:util/types';
import { isPlainObject } from './plain-object';

/**
 * A copy of the caller's own: what one reader writes into it, no other one reads. Plain objects and lists are copied at
 * any depth, circular ones and ones with shared parts too, and so are dates. Everything else (scalars, functions,
 * objects with a class) is handed over as it is, because only its class knows how to copy it. Never throws: what cannot
 * be read is handed over as it is, too.
 *
 * @example
 * const look = ownCopy(DEFAULT_LOOK);
 */
export function ownCopy<T>(value: T): T {
  return typeof value === 'object' && value !== null ? (copyWhole(value) as T) : value;
}

// Apart: a `try` in the way of every scalar would keep an evaluation from being compiled as a whole.
function copyWhole(value: object): unknown {
  try {
    const copy = shallowCopy(value);
    return copy === value || isFlat(copy) ? copy : copyStructure(value, copy);
  } catch {
    return value;
  }
}

/** Nearly every flag's value: no need to remember what has been copied. */
function isFlat(copy: object): boolean {
  for (const member of Object.values(copy)) if (typeof member === 'object' && member !== null) return false;
  return true;
}

/** By a list of what is still to be done instead of by calls: a structure may be deeper than the stack. */
function copyStructure(value: object, copy: object): object {
  const copies = new Map<object, object>([[value, copy]]);
  // A map's loop also comes to the entries that are added in it.
  for (const [original, made] of copies) {
    if (made === original) continue;
    for (const name of Object.keys(made)) {
      const member = (made as Record<string, unknown>)[name];
      if (typeof member !== 'object' || member === null) continue;
      let own = copies.get(member);
      if (own === undefined) copies.set(member, (own = shallowCopy(member)));
      (made as Record<string, unknown>)[name] = own;
    }
  }
  return copy;
}

/** The object itself where it is not plain data. */
function shallowCopy(value: object): object {
  if (Array.isArray(value)) return (value as unknown[]).slice();
  if (isDate(value)) return Object.getPrototypeOf(value) === Date.prototype ? new Date(value) : value;
  if (!isPlainObject(value)) return value;
  // Spreading makes `__proto__` a property like any other.
  const copy = { ...value };
  return Object.getPrototypeOf(value) === null ? (Object.setPrototypeOf(copy, null) as object) : copy;
}
