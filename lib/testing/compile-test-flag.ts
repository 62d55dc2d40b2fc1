import { configurationError, messageOf, describeValue } from '../errors';
import {
  type CompiledFlag,
  compileFlag,
  isJsonObject,
  normalizeFlag,
  readDefinitionMetadata,
  withFlatMetadata,
} from '../evaluation';
import { jsonCopy } from '../types';

/** The account ID that seeds rollouts: the same as for flags from an object or a file without an account. */
const ACCOUNT = 'local';

const NOT_JSON_TYPES = new Set<string>(['undefined', 'function', 'symbol']);

/** Returns a JSON copy of a flag's value, so that later changes to the test's object do not change the flag. */
function copyJson(key: string, value: unknown): unknown {
  // JSON.stringify would omit these values or replace them by null.
  const isLost = typeof value === 'number' ? !Number.isFinite(value) : NOT_JSON_TYPES.has(typeof value);
  if (isLost) {
    throw configurationError(
      `flag "${key}" must have a value that JSON can hold, or a definition, but is ${describeValue(value)}.`,
    );
  }
  try {
    // As the sources do: JSON would drop or convert entries of the metadata that are not accepted.
    return jsonCopy(withFlatMetadata(value));
  } catch (error) {
    throw configurationError(`flag "${key}" cannot be used: ${messageOf(error).split('\n', 1)[0] ?? ''}`);
  }
}

/**
 * Returns the entries of flags by key.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` if the argument is not an object.
 */
export function flagEntries(flags: unknown): [key: string, value: unknown][] {
  if (typeof flags !== 'object' || flags === null || Array.isArray(flags)) {
    throw configurationError('the flags of a test must be an object: { "<key>": value }.');
  }
  return Object.entries(flags);
}

/**
 * Copies flags now, so that later changes to the test's object have no effect.
 *
 * @returns A function that returns a copy of the flags, or throws the error that makes them unusable.
 */
export function snapshotFlags<Flags extends object>(flags: Flags): () => Flags {
  try {
    const copies = flagEntries(flags).map(([key, value]) => [key, copyJson(key, value)] as const);
    return () => Object.fromEntries(copies) as Flags;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Adds a rule that matches always to a flag set for one targeting key, so that its reason is `TARGETING_MATCH`. */
function asTargeted(flag: unknown): unknown {
  if (!isJsonObject(flag)) return flag;
  const { rules = null } = flag;
  if (rules !== null && (!Array.isArray(rules) || rules.length > 0)) return flag;
  return { ...flag, rules: [{ conditions: [], serve_variation: flag.default_variation }] };
}

/**
 * Compiles a test's flag: a value, or a definition with rules.
 *
 * @returns The compiled flag.
 * @throws FlagshipError `CONFIGURATION_ERROR` if it is neither. In production, a malformed flag resolves with
 * `PARSE_ERROR`; in a test it is a mistake, and `TestFlags.fail` simulates the error.
 */
export function compileTestFlag(key: string, value: unknown, isForOneTargetingKey: boolean): CompiledFlag {
  const flag = normalizeFlag(key, copyJson(key, value));
  const { metadata, problem } = readDefinitionMetadata(flag);
  if (problem !== undefined) throw configurationError(`the metadata of flag "${key}" ${problem}.`);
  const problems: string[] = [];
  const report = ({ message }: Error): void => void problems.push(message);
  let compiled: CompiledFlag | undefined;
  try {
    compiled = compileFlag(key, isForOneTargetingKey ? asTargeted(flag) : flag, ACCOUNT, report, metadata);
  } catch (error) {
    problems.push(messageOf(error));
  }
  if (compiled === undefined || problems.length > 0) {
    throw configurationError(`flag "${key}" is malformed at ${problems.join('; ')}.`);
  }
  return compiled;
}
