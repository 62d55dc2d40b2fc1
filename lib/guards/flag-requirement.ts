import { isDeepStrictEqual } from 'node:util';
import { configurationError, shown } from '../errors';
import { type JsonValue } from '../options';
import { type FlagType, flagTypeOf } from '../options';
import { type FeatureFlagOptions, type Refusal } from './feature-flag.options';

/** What one `@FeatureFlag` asks for, read once when the class is defined. */
export interface FlagRequirement {
  readonly keys: readonly string[];
  readonly type: FlagType;
  readonly accepted: readonly JsonValue[];
  readonly defaultValue: JsonValue | undefined;
  readonly otherwise: Refusal | undefined;
}

/** What is asked for where no default was given. It never lets a request pass. */
export const NEUTRAL_DEFAULTS: Readonly<Record<FlagType, JsonValue>> = {
  boolean: false,
  string: '',
  number: 0,
  object: {},
};

function acceptedValues(equals: JsonValue | undefined): readonly JsonValue[] {
  if (equals === undefined) return [true];
  return Array.isArray(equals) ? (equals as readonly JsonValue[]) : [equals];
}

/** @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined. */
export function flagRequirement(
  keys: string | readonly string[],
  options: FeatureFlagOptions,
): FlagRequirement {
  const list = typeof keys === 'string' ? [keys] : keys;
  if (list.length === 0 || list.some((key) => typeof key !== 'string' || key === '')) {
    throw configurationError(
      `@FeatureFlag needs a flag's key or a list of keys, but was given ${shown(keys)}.`,
    );
  }
  const accepted = acceptedValues(options.equals);
  const types = new Set(accepted.map(flagTypeOf));
  const [type] = types;
  if (type === undefined || types.size > 1) {
    throw configurationError(`@FeatureFlag('${list.join("', '")}') needs values of one type in "equals".`);
  }
  const { defaultValue, otherwise } = options;
  if (defaultValue !== undefined && flagTypeOf(defaultValue) !== type) {
    throw configurationError(
      `@FeatureFlag('${list.join("', '")}') judges ${type} flags, but its "defaultValue" is ${shown(defaultValue)}.`,
    );
  }
  return { keys: list, type, accepted, defaultValue, otherwise };
}

/** Does this value let a request pass? */
export function accepts({ accepted }: FlagRequirement, value: JsonValue): boolean {
  return accepted.some((wanted) => wanted === value || isDeepStrictEqual(wanted, value));
}
