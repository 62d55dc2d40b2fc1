import { attributeReader } from './attribute';
import {
  expectArray,
  expectString,
  isJsonObject,
  type JsonObject,
  MalformedFlag,
  notAnObject,
  malformedAt,
} from './malformed-flag';
import { compileHas, compileIn } from './member-operators';
import { orderPredicate } from './order-operators';
import { type Predicate, textPredicate } from './text-operators';

/** The deepest nesting of conditions. Flagship allows six levels; this bound prevents input that exhausts the stack. */
const MAX_NESTING = 64;

function compileAttribute({ attribute, operator, value }: JsonObject): Predicate {
  const read = attributeReader(expectString(attribute, 'attribute'));
  switch (operator) {
    case 'equals':
    case 'not_equals':
    case 'contains':
    case 'starts_with':
    case 'ends_with':
      return textPredicate(operator, read, value);
    case 'greater_than':
    case 'less_than':
    case 'greater_than_or_equals':
    case 'less_than_or_equals':
      return orderPredicate(operator, read, value);
    case 'in':
    case 'not_in':
      return compileIn(operator === 'not_in', read, value);
    case 'has':
    case 'not_has':
      return compileHas(operator === 'not_has', read, value);
    default:
      return () => false;
  }
}

function compileLogical(condition: JsonObject, nesting: number): Predicate {
  const clauses = compileConditions(condition.clauses, 'clauses', nesting + 1);
  if (condition.logical_operator === 'AND') return (context) => clauses.every((clause) => clause(context));
  if (condition.logical_operator === 'OR') return (context) => clauses.some((clause) => clause(context));
  throw new MalformedFlag('logical_operator', 'must be "AND" or "OR"');
}

function compileCondition(condition: JsonObject, nesting: number): Predicate {
  return Object.hasOwn(condition, 'logical_operator')
    ? compileLogical(condition, nesting)
    : compileAttribute(condition);
}

/**
 * Compiles a list of conditions.
 *
 * @param name Name of the list's member in the definition, for messages.
 * @returns The predicates, in the order of the conditions.
 * @throws MalformedFlag When a condition does not have the documented shape.
 */
export function compileConditions(conditions: unknown, name: string, nesting = 0): readonly Predicate[] {
  if (nesting > MAX_NESTING) throw new MalformedFlag(name, `is nested more than ${MAX_NESTING} deep`);
  const list = expectArray(conditions, name);
  // Created at its full length, because V8 reserves spare memory for a list that grows.
  const predicates = new Array<Predicate>(list.length);
  for (let index = 0; index < list.length; index++) {
    const item = list[index];
    if (!isJsonObject(item)) throw notAnObject(`${name}[${index}]`, item);
    try {
      predicates[index] = compileCondition(item, nesting);
    } catch (error) {
      throw malformedAt(`${name}[${index}]`, error);
    }
  }
  return predicates;
}
