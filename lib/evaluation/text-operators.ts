import { isPrimitive, isScalar } from './attribute';

/** Decides on an attribute that is present; the value to compare with was given when it was made. */
export type AttributeTest = (actual: unknown) => boolean;

const comparisons = {
  equals: (actual: string, expected: string) => actual === expected,
  not_equals: (actual: string, expected: string) => actual !== expected,
  contains: (actual: string, expected: string) => actual.includes(expected),
  starts_with: (actual: string, expected: string) => actual.startsWith(expected),
  ends_with: (actual: string, expected: string) => actual.endsWith(expected),
};

export type TextOperator = keyof typeof comparisons;

/** `equals`, `not_equals`, `contains`, `starts_with` and `ends_with`: both sides as text. */
export function textTest(operator: TextOperator, value: unknown): AttributeTest {
  const compare = comparisons[operator];
  const holdsForNull = operator === 'not_equals';
  const comparable = isPrimitive(value);
  const expected = comparable ? String(value) : '';
  return (actual) => {
    if (actual === null) return holdsForNull;
    return comparable && isScalar(actual) && compare(String(actual), expected);
  };
}
