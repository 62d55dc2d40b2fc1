import { type JsonValue } from '../options';

/**
 * A copy of its own for each caller, so that one who changes an object flag's value changes nobody else's.
 * Scalars, which is what most flags are, cost nothing.
 */
export function copyValue<T extends JsonValue>(value: T): T {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value;
}
