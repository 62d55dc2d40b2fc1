import { dateToIso, type AttributeReader, isPrimitive, isScalar, unreadableError } from './attribute';
import { type Predicate } from './text-operators';

/** A list of up to this length is searched as fast as a set, and takes a fraction of its memory. */
const MAX_LIST_LENGTH = 8;

/**
 * Returns the predicate of a condition with `in` or `not_in`: whether the attribute, as text, is one of the listed
 * values. Null members never match.
 */
export function compileIn(negated: boolean, read: AttributeReader, value: unknown): Predicate {
  if (!Array.isArray(value)) return () => false;
  const texts = value.filter((member) => member !== null).map(String);
  return texts.length <= MAX_LIST_LENGTH
    ? inList(negated, read, texts)
    : inSet(negated, read, new Set(texts));
}

function inList(negated: boolean, read: AttributeReader, members: readonly string[]): Predicate {
  return (context) => {
    const actual = read(context);
    if (actual === null) return negated;
    return isScalar(actual) && members.includes(String(actual)) !== negated;
  };
}

function inSet(negated: boolean, read: AttributeReader, members: ReadonlySet<string>): Predicate {
  return (context) => {
    const actual = read(context);
    if (actual === null) return negated;
    return isScalar(actual) && members.has(String(actual)) !== negated;
  };
}

/**
 * Returns the predicate of a condition with `has` or `not_has`: whether the value, as text, is a member of the
 * attribute's list.
 */
export function compileHas(negated: boolean, read: AttributeReader, value: unknown): Predicate {
  if (!isPrimitive(value)) return () => false;
  const expected = String(value);
  const isMember = (item: unknown) => {
    const member = dateToIso(item);
    return isScalar(member) && String(member) === expected;
  };
  return (context) => {
    const actual = read(context);
    if (!Array.isArray(actual)) return false;
    try {
      return actual.some(isMember) !== negated;
    } catch {
      throw unreadableError('A list in the context');
    }
  };
}
