import { isDeepStrictEqual } from 'node:util';
import { type ExecutionContext } from '@nestjs/common';
import { configurationError, shown } from '../errors';
import { type FlagType, flagTypeOf, type JsonValue } from '../options';
import { checkFeatureFlagOptions, checkKeys } from './check-arguments';
import { FEATURE_FLAG_METADATA } from './feature-flag.constants';
import { type FeatureFlagOptions, type Refusal } from './feature-flag.options';

/** What one `@FeatureFlag` asks for, read once when the class is defined. */
export interface FlagRequirement {
  /** The flags. */
  readonly keys: readonly string[];
  /** Their type. */
  readonly type: FlagType;
  /** The values that count as on. */
  readonly accepted: readonly JsonValue[];
  /** Must all flags be on, or any of them? */
  readonly match: 'all' | 'any';
  /** Is it turned round? */
  readonly not: boolean;
  /** What to judge where a flag has no answer. */
  readonly defaultValue: JsonValue | undefined;
  /** Lets a request pass unasked. */
  readonly bypass: ((context: ExecutionContext) => boolean | Promise<boolean>) | undefined;
  /** What a refused request gets. */
  readonly otherwise: Refusal | undefined;
  /** Whose flags these are; none for the module without a domain. */
  readonly domain: string | undefined;
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
  given: string | readonly string[],
  options: FeatureFlagOptions,
): FlagRequirement {
  const keys = checkKeys(given);
  const decorator = `@FeatureFlag('${keys.join("', '")}')`;
  checkFeatureFlagOptions(decorator, options);
  const accepted = acceptedValues(options.equals);
  const types = new Set(accepted.map(flagTypeOf));
  const [type] = types;
  if (type === undefined || types.size > 1) {
    throw configurationError(`${decorator} needs values of one type in "equals".`);
  }
  const { match = 'all', not = false, defaultValue, bypass, otherwise, domain } = options;
  if (defaultValue !== undefined && flagTypeOf(defaultValue) !== type) {
    throw configurationError(
      `${decorator} judges ${type} flags, but its "defaultValue" is ${shown(defaultValue)}.`,
    );
  }
  return { keys, type, accepted, match, not, defaultValue, bypass, otherwise, domain };
}

/**
 * What the `@FeatureFlag` decorators of classes and handlers ask for; for guards, interceptors and documentation of
 * your own. Nest's `Reflector` reads the same under `FeatureFlag.KEY`.
 *
 * @param targets Classes and handlers, as `context.getClass()` and `context.getHandler()` give them.
 * @returns Every requirement, those of the first target first; none where nothing is decorated.
 * @example
 * const hidden = flagRequirementsOf(context.getClass(), context.getHandler()).length > 0;
 */
export function flagRequirementsOf(...targets: readonly object[]): readonly FlagRequirement[] {
  return targets.flatMap(
    (target) =>
      (Reflect.getMetadata(FEATURE_FLAG_METADATA, target) as readonly FlagRequirement[] | undefined) ?? [],
  );
}

/** Does this value let a request pass? */
export function accepts({ accepted }: FlagRequirement, value: JsonValue): boolean {
  return accepted.some((wanted) => wanted === value || isDeepStrictEqual(wanted, value));
}

/**
 * Do the flags together meet the requirement? One without an answer (undefined) leaves it open, unless the others
 * settle it; what stays open is refused either way.
 */
export function isSettled(
  { match, not }: FlagRequirement,
  verdicts: readonly (boolean | undefined)[],
): boolean {
  const settles = match === 'any';
  const isOpen = verdicts.includes(undefined);
  const isMet = verdicts.includes(settles) ? settles : isOpen ? undefined : !settles;
  return isMet === !not;
}
