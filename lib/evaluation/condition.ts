import { type Attributes, attributeReader } from './attribute';
import { expectArray, expectObject, expectString, type JsonObject, MalformedFlag } from './malformed-flag';
import { hasTest, inTest } from './member-operators';
import { orderTest } from './order-operators';
import { type AttributeTest, textTest } from './text-operators';

/** A compiled condition: does it hold for this context? */
export type Predicate = (context: Attributes) => boolean;

// Flagship allows six levels. The bound here only keeps hostile input from exhausting the stack.
const MAX_NESTING = 64;

function attributeTest(operator: unknown, value: unknown): AttributeTest {
  switch (operator) {
    case 'equals':
    case 'not_equals':
    case 'contains':
    case 'starts_with':
    case 'ends_with':
      return textTest(operator, value);
    case 'greater_than':
    case 'less_than':
    case 'greater_than_or_equals':
    case 'less_than_or_equals':
      return orderTest(operator, value);
    case 'in':
    case 'not_in':
      return inTest(operator === 'not_in', value);
    case 'has':
    case 'not_has':
      return hasTest(operator === 'not_has', value);
    default:
      return () => false;
  }
}

function compileAttribute(condition: JsonObject, path: string): Predicate {
  const read = attributeReader(expectString(condition.attribute, `${path}.attribute`));
  const test = attributeTest(condition.operator, condition.value);
  return (context) => {
    const actual = read(context);
    return actual !== undefined && test(actual);
  };
}

function compileLogical(condition: JsonObject, path: string, nesting: number): Predicate {
  const clauses = compileConditions(condition.clauses, `${path}.clauses`, nesting + 1);
  if (condition.logical_operator === 'AND') return allOf(clauses);
  if (condition.logical_operator === 'OR') return (context) => clauses.some((clause) => clause(context));
  throw new MalformedFlag(`${path}.logical_operator`, 'must be "AND" or "OR"');
}

/** Turns a list of conditions into predicates; `path` names the place in error messages. */
export function compileConditions(conditions: unknown, path: string, nesting = 0): Predicate[] {
  if (nesting > MAX_NESTING) throw new MalformedFlag(path, `is nested more than ${MAX_NESTING} deep`);
  return expectArray(conditions, path).map((item, index) => {
    const place = `${path}[${index}]`;
    const condition = expectObject(item, place);
    return Object.hasOwn(condition, 'logical_operator')
      ? compileLogical(condition, place, nesting)
      : compileAttribute(condition, place);
  });
}

export function allOf(predicates: readonly Predicate[]): Predicate {
  const [only] = predicates;
  if (only === undefined) return () => true;
  if (predicates.length === 1) return only;
  return (context) => {
    for (const predicate of predicates) if (!predicate(context)) return false;
    return true;
  };
}
