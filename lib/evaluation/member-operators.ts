import { toWireValue, type AttributeReader, isPrimitive, isScalar, unreadable } from './attribute';
import { type Predicate } from './text-operators';

/** Up to here a list is searched as fast as a set, and takes a fraction of its memory. */
const SMALL = 8;

/** `in` and `not_in`: is the attribute, as text, one of the listed values? Null members never match. */
export function inPredicate(negated: boolean, read: AttributeReader, value: unknown): Predicate {
  if (!Array.isArray(value)) return () => false;
  const texts = value.filter((member) => member !== null).map(String);
  return texts.length <= SMALL ? inList(negated, read, texts) : inSet(negated, read, new Set(texts));
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

/** `has` and `not_has`: is the value, as text, among the members of the attribute's list? */
export function hasPredicate(negated: boolean, read: AttributeReader, value: unknown): Predicate {
  if (!isPrimitive(value)) return () => false;
  const expected = String(value);
  const isMember = (item: unknown) => {
    const member = toWireValue(item);
    return isScalar(member) && String(member) === expected;
  };
  return (context) => {
    const actual = read(context);
    if (!Array.isArray(actual)) return false;
    try {
      return actual.some(isMember) !== negated;
    } catch {
      throw unreadable('A list in the context');
    }
  };
}
