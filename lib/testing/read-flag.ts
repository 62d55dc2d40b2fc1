import { configurationError, messageOf, describeValue } from '../errors';
import { type CompiledFlag, compileFlag, isObject, normalizeFlag } from '../evaluation';

/** Seeds the rollouts, as for flags that come from an object or a file without an account. */
const ACCOUNT = 'local';

const LOST = new Set<string>(['undefined', 'function', 'symbol']);

/** A copy as JSON has it: what is answered does not change when the test's object does. */
function copyOf(key: string, value: unknown): unknown {
  // JSON would leave these out or make null of them.
  const isLost = typeof value === 'number' ? !Number.isFinite(value) : LOST.has(typeof value);
  if (isLost) {
    throw configurationError(
      `flag "${key}" must have a value that JSON can hold, or a definition, but is ${describeValue(value)}.`,
    );
  }
  try {
    return JSON.parse(JSON.stringify(value));
  } catch (error) {
    throw configurationError(`flag "${key}" cannot be used: ${messageOf(error).split('\n', 1)[0] ?? ''}`);
  }
}

/** @throws FlagshipError `CONFIGURATION_ERROR` When these are not flags by key. */
export function flagEntries(flags: unknown): [key: string, value: unknown][] {
  if (typeof flags !== 'object' || flags === null || Array.isArray(flags)) {
    throw configurationError('the flags of a test must be an object: { "<key>": value }.');
  }
  return Object.entries(flags);
}

/**
 * Takes flags as they are now; what becomes of the test's object later does not count.
 *
 * @returns Makes a copy of them, or throws what makes them unusable.
 */
export function takeFlags<Flags extends object>(flags: Flags): () => Flags {
  try {
    const copies = flagEntries(flags).map(([key, value]) => [key, copyOf(key, value)] as const);
    return () => Object.fromEntries(copies) as Flags;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** What is set for one subject is there because of who asks. */
function targeted(flag: unknown): unknown {
  if (!isObject(flag) || !Array.isArray(flag.rules) || flag.rules.length > 0) return flag;
  return { ...flag, rules: [{ conditions: [], serve_variation: flag.default_variation }] };
}

/**
 * Makes a flag of what a test gives: a bare value, or a definition with rules.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` When it can be neither. In production a malformed flag answers
 * `PARSE_ERROR`; in a test it is a slip of the pen, and `fail` is there for the other.
 */
export function readFlag(key: string, value: unknown, forOneSubject: boolean): CompiledFlag {
  const flag = normalizeFlag(key, copyOf(key, value));
  const problems: string[] = [];
  let compiled: CompiledFlag | undefined;
  try {
    compiled = compileFlag(key, forOneSubject ? targeted(flag) : flag, ACCOUNT, ({ message }) =>
      problems.push(message),
    );
  } catch (error) {
    problems.push(messageOf(error));
  }
  if (compiled === undefined || problems.length > 0) {
    throw configurationError(`flag "${key}" is malformed at ${problems.join('; ')}.`);
  }
  return compiled;
}
