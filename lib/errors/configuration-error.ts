import { FlagshipError } from './flagship-error';
import { FlagshipErrorCode } from './flagship-error-code';

/**
 * Returns the error of an unusable option.
 *
 * @param problem Names the option, the given value and what is accepted.
 */
export function configurationError(problem: string): FlagshipError {
  return new FlagshipError(`Flagship: ${problem}`, FlagshipErrorCode.CONFIGURATION_ERROR);
}

/**
 * Returns a rejected value for a message: text in quotes and cut, objects by their kind. Must not be called with
 * secrets.
 */
export function describeValue(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
