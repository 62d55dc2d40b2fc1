import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type FlagDefinition } from '../options/definitions';
import { type JsonValue } from '../options/json-value';
import { isolateFlag, isObject, type JsonObject } from './malformed-flag';

/** The input as a whole has no flags in it: nothing to fall back on flag by flag. */
export class FlagsShapeError extends FlagshipError {
  constructor(problem: string) {
    super(problem, FlagshipErrorCode.PARSE_ERROR);
  }
}

/** A bare JSON value may be any object, so only the words that a definition alone would use tell them apart. */
const looksLikeDefinition = (value: unknown): value is JsonObject =>
  isObject(value) && ['variations', 'default_variation'].some((word) => Object.hasOwn(value, word));

function bareFlag(key: string, value: JsonValue): FlagDefinition {
  const common = { key, enabled: true, rules: [] };
  return typeof value === 'boolean'
    ? { ...common, variations: { on: true, off: false }, default_variation: value ? 'on' : 'off' }
    : { ...common, variations: { default: value }, default_variation: 'default' };
}

function flagsOf(input: unknown): JsonObject {
  if (!isObject(input)) throw new FlagsShapeError('Flags must be an object: { "flags": { "<key>": … } }.');
  if (!Object.hasOwn(input, 'flags')) return input;
  if (!isObject(input.flags)) throw new FlagsShapeError('"flags" must be an object of flags by key.');
  // A flag may itself be called "flags"; then it looks like one.
  return looksLikeDefinition(input.flags) ? input : input.flags;
}

/** One flag: its definition, or the definition that a bare value stands for. */
export function normalizeFlag(key: string, value: unknown): unknown {
  return looksLikeDefinition(value) ? { key, ...value } : bareFlag(key, value as JsonValue);
}

/** Flags by key: definitions that are not yet judged, or a `MalformedFlag` in the place of one that cannot be read. */
export type FlagMap = ReadonlyMap<string, unknown>;

/**
 * Reads what a flags file holds: definitions as Flagship writes them, bare values as flags with no rules.
 * Definitions are passed on as they are, malformed ones included: they are judged one by one later.
 *
 * @param copy Copies one flag's value; `undefined` stands for a flag that is not there.
 * @throws FlagsShapeError when the input as a whole is not an object of flags.
 */
export function normalizeFlags(input: unknown, copy = (value: unknown): unknown => value): FlagMap {
  const given = flagsOf(input);
  const flags = new Map<string, unknown>();
  for (const key of Object.keys(given)) {
    const flag = isolateFlag(key, () => {
      const value = copy(given[key]);
      return value === undefined ? undefined : normalizeFlag(key, value);
    });
    if (flag !== undefined) flags.set(key, flag);
  }
  return flags;
}
