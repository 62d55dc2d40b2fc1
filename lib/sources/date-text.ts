import { isDate } from 'node:util/types';

/**
 * A valid date as ISO 8601; undefined for anything else. Asks the date itself, whatever the application has put in the
 * place of its methods.
 */
export function isoDate(value: unknown): string | undefined {
  if (!isDate(value)) return undefined;
  const time = Date.prototype.getTime.call(value);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
