import { type Attributes } from '../types';
import { type AttributeReader, isPrimitive, isScalar } from './attribute';

/** A compiled condition. Returns whether it holds for a context. */
export type Predicate = (context: Attributes) => boolean;

export type TextOperator = 'equals' | 'not_equals' | 'contains' | 'starts_with' | 'ends_with';

/**
 * Returns the predicate of a condition with `equals`, `not_equals`, `contains`, `starts_with` or `ends_with`, which
 * compare both sides as text.
 */
export function textPredicate(operator: TextOperator, read: AttributeReader, value: unknown): Predicate {
  if (!isPrimitive(value)) {
    // No attribute equals an object or a list. `not_equals` still holds for null.
    return (context) => operator === 'not_equals' && read(context) === null;
  }
  const expected = String(value);
  switch (operator) {
    case 'equals':
      return equals(read, expected);
    case 'not_equals':
      return notEquals(read, expected);
    case 'contains':
      return (context) => textOf(read(context))?.includes(expected) ?? false;
    case 'starts_with':
      return (context) => textOf(read(context))?.startsWith(expected) ?? false;
    case 'ends_with':
      return (context) => textOf(read(context))?.endsWith(expected) ?? false;
  }
}

function equals(read: AttributeReader, expected: string): Predicate {
  return (context) => {
    const actual = read(context);
    return actual === expected || (typeof actual !== 'string' && textOf(actual) === expected);
  };
}

function notEquals(read: AttributeReader, expected: string): Predicate {
  return (context) => {
    const actual = read(context);
    if (actual === null) return true;
    const text = textOf(actual);
    return text !== undefined && text !== expected;
  };
}

/** Returns a scalar as text; undefined for null, an object, a list or a missing attribute. */
function textOf(actual: unknown): string | undefined {
  if (typeof actual === 'string') return actual;
  return isScalar(actual) ? String(actual) : undefined;
}
