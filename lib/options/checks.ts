import { configurationError, shown } from '../errors';

/** The longest time that a Node timer keeps. */
export const MAX_TIMER_MS = 2_147_483_647;

/** Judges one option: a sentence on what is accepted, or nothing when the value is fine. */
type Check = (value: unknown) => string | undefined;

const accepts =
  (test: (value: unknown) => boolean, accepted: string): Check =>
  (value) =>
    test(value) ? undefined : accepted;

const isNumberIn = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && value >= min && value <= max;

export const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

export const text = accepts(isText, 'text that is not empty');
export const booleanOption = accepts((value) => typeof value === 'boolean', 'true or false');
export const functionCheck = accepts((value) => typeof value === 'function', 'a function');
export const object = accepts(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object',
);
export const list = accepts(Array.isArray, 'a list');
export const milliseconds = (min: number): Check =>
  accepts(
    (value) => isNumberIn(value, min, MAX_TIMER_MS),
    `a number of milliseconds from ${min} to ${MAX_TIMER_MS}`,
  );
export const wholeNumber = (min: number, max: number): Check =>
  accepts(
    (value) => Number.isInteger(value) && isNumberIn(value, min, max),
    `a whole number from ${min} to ${max}`,
  );
export const oneOf = (...names: readonly string[]): Check =>
  accepts((value) => names.includes(value as string), names.map((name) => `"${name}"`).join(', '));

export type CheckTable<Options> = { readonly [Option in keyof Required<Options>]: Check };

/** Options whose value must not appear in a message. */
const SECRET = new Set(['authToken', 'headers', 'headersFactory', 'fetchOptions', 'secret']);

/**
 * Judges every option that is given against the table; an option that is not in the table is an error too, because a
 * misspelt option would otherwise be ignored in silence.
 */
export function checkOptions<Options extends object>(
  options: Options,
  table: CheckTable<Options>,
  where = '',
): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(table, name) ? (table as Readonly<Record<string, Check>>)[name] : undefined;
    if (check === undefined) {
      throw configurationError(
        `there is no option "${where}${name}". Known: ${Object.keys(table).join(', ')}.`,
      );
    }
    const accepted = check(value);
    if (accepted === undefined) continue;
    const given = SECRET.has(name) ? `a ${typeof value} that is not` : shown(value);
    throw configurationError(`option "${where}${name}" must be ${accepted}, but is ${given}.`);
  }
}
