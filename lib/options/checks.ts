import { configurationError, describeValue } from '../errors';
import { MAX_TIMER_MS } from './defaults';

/**
 * Checks the value of one option. Returns what is accepted, as the end of "must be …", or undefined for a valid value.
 */
type Check = (value: unknown) => string | undefined;

const checkWith =
  (isValid: (value: unknown) => boolean, accepted: string): Check =>
  (value) =>
    isValid(value) ? undefined : accepted;

const isNumberIn = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && value >= min && value <= max;

/** Whether a value is text other than blanks. */
export const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

export const textOption = checkWith(isText, 'text that is not empty');
export const booleanOption = checkWith((value) => typeof value === 'boolean', 'true or false');
export const functionOption = checkWith((value) => typeof value === 'function', 'a function');
export const objectOption = checkWith(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object',
);
export const listOption = checkWith(Array.isArray, 'a list');
export const milliseconds = (min: number, max = MAX_TIMER_MS): Check =>
  checkWith((value) => isNumberIn(value, min, max), `a number of milliseconds from ${min} to ${max}`);
export const wholeNumber = (min: number, max: number): Check =>
  checkWith(
    (value) => Number.isInteger(value) && isNumberIn(value, min, max),
    `a whole number from ${min} to ${max}`,
  );
export const oneOf = (...names: readonly string[]): Check =>
  checkWith((value) => names.includes(value as string), names.map((name) => `"${name}"`).join(', '));

/** The check of every option of an interface. */
export type CheckTable<Options> = { readonly [Option in keyof Required<Options>]: Check };

/** Options whose values must not appear in a message. */
const SECRET_OPTIONS = new Set(['authToken', 'headers', 'headersFactory', 'fetchOptions', 'secret']);

/**
 * Checks every given option against the table. An option that is not in the table is an error as well, because a
 * misspelt option would otherwise be ignored in silence.
 *
 * @param prefix Precedes an option's name in messages, such as `circuitBreaker.`.
 * @throws FlagshipError `CONFIGURATION_ERROR` with the option's name, the given value and what is accepted.
 */
export function checkOptions<Options extends object>(
  options: Options,
  table: CheckTable<Options>,
  prefix = '',
): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(table, name) ? (table as Readonly<Record<string, Check>>)[name] : undefined;
    if (check === undefined) {
      throw configurationError(
        `there is no option "${prefix}${name}". Known: ${Object.keys(table).join(', ')}.`,
      );
    }
    const expectation = check(value);
    if (expectation === undefined) continue;
    const given = SECRET_OPTIONS.has(name) ? `a ${typeof value} that is not` : describeValue(value);
    throw configurationError(`option "${prefix}${name}" must be ${expectation}, but is ${given}.`);
  }
}
