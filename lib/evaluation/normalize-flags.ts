import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type FlagDefinition, type JsonValue } from '../types';
import { isolateFlag, isJsonObject, type JsonObject } from './malformed-flag';

/** The input as a whole is not an object of flags, so that no flag of it can be evaluated. */
export class FlagsShapeError extends FlagshipError {
  constructor(problem: string) {
    super(problem, FlagshipErrorCode.PARSE_ERROR);
  }
}

/**
 * Whether a value is a definition. A bare JSON value can be any object, so only members that definitions alone use
 * count.
 */
const looksLikeDefinition = (value: unknown): value is JsonObject =>
  isJsonObject(value) && ['variations', 'default_variation'].some((word) => Object.hasOwn(value, word));

/** Returns the definition that a bare value stands for. */
function bareFlag(key: string, value: JsonValue): FlagDefinition {
  const common = { key, enabled: true, rules: [] };
  return typeof value === 'boolean'
    ? { ...common, variations: { on: true, off: false }, default_variation: value ? 'on' : 'off' }
    : { ...common, variations: { default: value }, default_variation: 'default' };
}

function flagsOf(input: unknown): JsonObject {
  if (!isJsonObject(input))
    throw new FlagsShapeError('Flags must be an object: { "flags": { "<key>": … } }.');
  if (!Object.hasOwn(input, 'flags')) return input;
  if (!isJsonObject(input.flags)) throw new FlagsShapeError('"flags" must be an object of flags by key.');
  // A flag can have the key "flags". Its value then looks like a definition.
  return looksLikeDefinition(input.flags) ? input : input.flags;
}

/** Returns the definition of one flag, given as a definition or as a bare value. */
export function normalizeFlag(key: string, value: unknown): unknown {
  return looksLikeDefinition(value) ? { key, ...value } : bareFlag(key, value as JsonValue);
}

/** Flags by key: definitions that are not yet checked, or a `MalformedFlag` for one that cannot be read. */
export type FlagMap = ReadonlyMap<string, unknown>;

/**
 * Reads the content of a flags file: definitions in Flagship's format, and bare values as flags without rules.
 * Malformed definitions are kept: the compiler reports them one by one.
 *
 * @param copy Copies one flag's value. A flag for which it returns `undefined` is left out.
 * @throws FlagsShapeError when the input as a whole is not an object of flags.
 */
export function normalizeFlags(input: unknown, copy = (value: unknown): unknown => value): FlagMap {
  const source = flagsOf(input);
  const flags = new Map<string, unknown>();
  for (const key of Object.keys(source)) {
    const flag = isolateFlag(key, () => {
      const value = copy(source[key]);
      return value === undefined ? undefined : normalizeFlag(key, value);
    });
    if (flag !== undefined) flags.set(key, flag);
  }
  return flags;
}
