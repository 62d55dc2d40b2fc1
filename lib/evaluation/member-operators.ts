import { isPrimitive, isScalar } from './attribute';
import { type AttributeTest } from './text-operators';

/** `in` and `not_in`: is the attribute, as text, one of the listed values? Null members never match. */
export function inTest(negated: boolean, value: unknown): AttributeTest {
  if (!Array.isArray(value)) return () => false;
  const members = new Set(value.filter((member) => member !== null).map(String));
  return (actual) => {
    if (actual === null) return negated;
    return isScalar(actual) && members.has(String(actual)) !== negated;
  };
}

/** `has` and `not_has`: is the value, as text, among the members of the attribute's list? */
export function hasTest(negated: boolean, value: unknown): AttributeTest {
  if (!isPrimitive(value)) return () => false;
  const expected = String(value);
  const isMember = (member: unknown) => isScalar(member) && String(member) === expected;
  return (actual) => Array.isArray(actual) && actual.some(isMember) !== negated;
}
