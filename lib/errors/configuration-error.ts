import { FlagshipError } from './flagship-error';
import { FlagshipErrorCode } from './flagship-error-code';

/** A start-up error: which option, what was given, what is accepted. */
export function configurationError(problem: string): FlagshipError {
  return new FlagshipError(`Flagship: ${problem}`, FlagshipErrorCode.CONFIGURATION_ERROR);
}

/**
 * How a rejected value is shown in a message. Strings are cut short; callers never pass secrets here.
 */
export function describeValue(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
