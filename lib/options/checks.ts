import { configurationError, describeValue } from '../errors';
import { MAX_TIMER_MS } from './defaults';
import { isHeaderValue } from './resolve-headers';

/**
 * Checks the value of one option. Returns what is accepted, as the end of "must be …", or undefined for a valid value.
 */
interface Check {
  (value: unknown): string | undefined;
  /** Returns the value that counts, before it is checked; undefined for one that counts as not given. */
  readonly read?: (value: unknown) => unknown;
}

const checkWith =
  (isValid: (value: unknown) => boolean, accepted: string): Check =>
  (value) =>
    isValid(value) ? undefined : accepted;

const isNumberIn = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && value >= min && value <= max;

/** Whether a value is text other than blanks. */
export const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

/**
 * Returns text without the white space around it, which mounted secrets and copied values have; undefined for blank
 * text, because that is what an environment variable without a value gives. Other values are returned as they are.
 */
export const readText = (value: unknown): unknown =>
  typeof value === 'string' ? value.trim() || undefined : value;

/** Returns the token without the scheme, which is added again when the token is sent. */
function readToken(value: unknown): unknown {
  const text = readText(value);
  return typeof text === 'string' ? text.replace(/^(?:bearer\s+)+(?=\S)/i, '') : text;
}

/** Returns a check whose option's value is read first. */
export const reading = (check: Check, read: (value: unknown) => unknown = readText): Check =>
  Object.assign((value: unknown) => check(value), { read });

/** A name that the application's code repeats elsewhere, such as a domain. It counts as it is written. */
export const nameOption = checkWith(isText, 'text that is not empty');
/** Text that may come from the environment: an id, a path. */
export const textOption = reading(
  (value) =>
    nameOption(value) ??
    (/\p{Cc}/u.test(value as string) ? 'text without line breaks and control characters' : undefined),
);
/** An address, whose form is checked elsewhere, because a message must not show a password in it. */
export const urlOption = reading(nameOption);
export const tokenOption = reading((value) => {
  if (typeof value !== 'string') return 'text that is not empty';
  if (/^bearer$/i.test(value)) return 'a token, with or without the word "Bearer" before it';
  return isHeaderValue(value) ? undefined : 'a token on one line, in characters that a header can hold';
}, readToken);
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

/** Returns the options with the values that count. An option without one is left out. */
export function readOptions<Options extends object>(
  options: Options,
  table: CheckTable<Options>,
): Partial<Options> {
  const checks = Object.entries(table) as [string & keyof Options, Check][];
  const read = checks.map(([name, check]) => {
    const value: unknown = options[name];
    return [name, check.read === undefined ? value : check.read(value)] as const;
  });
  return Object.fromEntries(read.filter(([, value]) => value !== undefined)) as Partial<Options>;
}

/**
 * Reads every given option and checks it against the table. An option that is not in the table is an error as well,
 * because a misspelt option would otherwise be ignored in silence.
 *
 * @param prefix Precedes an option's name in messages, such as `circuitBreaker.`.
 * @returns The options with the values that count, as {@link readOptions} does.
 * @throws FlagshipError `CONFIGURATION_ERROR` with the option's name, the given value and what is accepted.
 */
export function checkOptions<Options extends object>(
  options: Options,
  table: CheckTable<Options>,
  prefix = '',
): Partial<Options> {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(table, name)) continue;
    throw configurationError(
      `there is no option "${prefix}${name}". Known: ${Object.keys(table).join(', ')}.`,
    );
  }
  const given = readOptions(options, table);
  for (const [name, value] of Object.entries(given)) {
    const expectation = (table as Readonly<Record<string, Check>>)[name]?.(value);
    if (expectation === undefined) continue;
    const shown = SECRET_OPTIONS.has(name) ? `a ${typeof value} that is not` : describeValue(value);
    throw configurationError(`option "${prefix}${name}" must be ${expectation}, but is ${shown}.`);
  }
  return given;
}
