import { type AttributeReader, isScalar, type Scalar } from './attribute';
import { type Predicate } from './text-operators';

const ISO_DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

const orders = {
  greater_than: (actual: number, expected: number) => actual > expected,
  less_than: (actual: number, expected: number) => actual < expected,
  greater_than_or_equals: (actual: number, expected: number) => actual >= expected,
  less_than_or_equals: (actual: number, expected: number) => actual <= expected,
};

export type OrderOperator = keyof typeof orders;

/** Converts a value as JavaScript's `Number` does, but blank text to NaN instead of zero. */
function toNumber(value: Scalar): number {
  return typeof value === 'string' && value.trim() === '' ? NaN : Number(value);
}

/**
 * Returns the predicate of a condition with `greater_than`, `less_than` or their `_or_equals` forms. It compares both
 * sides as dates if they are dates, otherwise as numbers; it never holds for NaN.
 */
export function orderPredicate(operator: OrderOperator, read: AttributeReader, value: unknown): Predicate {
  if (!isScalar(value)) return () => false;
  const compare = orders[operator];
  const expected = toNumber(value);
  const date = typeof value === 'string' && ISO_DATE_TIME.test(value) ? Date.parse(value) : undefined;
  return (context) => {
    const actual = read(context);
    if (!isScalar(actual)) return false;
    if (date !== undefined && typeof actual === 'string') {
      const actualDate = Date.parse(actual);
      if (!Number.isNaN(actualDate)) return compare(actualDate, date);
    }
    return compare(toNumber(actual), expected);
  };
}
