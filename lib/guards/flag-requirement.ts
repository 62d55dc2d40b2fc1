import { type ExecutionContext } from '@nestjs/common';
import { configurationError, describeValue } from '../errors';
import { type FlagType, flagTypeOf, type JsonValue } from '../options';
import { ownCopy } from '../types';
import { checkFeatureFlagOptions, checkKeys } from './check-arguments';
import { type FeatureFlagOptions } from './feature-flag.options';
import { isJsonEqual } from './json-equal';
import { type Refusal } from './refusal';

/** The metadata key under which `@FeatureFlag` stores its requirements. */
export const FEATURE_FLAG_METADATA = 'nestjs-flagship:feature-flag';

/**
 * The requirement of one `@FeatureFlag`, read once when the class is defined, with the decorator's arguments validated
 * and frozen.
 */
export interface FlagRequirement {
  /** The keys that the decorator names, at least one. */
  readonly keys: readonly string[];
  /** The type with which the flags are evaluated: that of the values in `accepted`. */
  readonly type: FlagType;
  /** The values that let a request pass, from the option `equals`. */
  readonly accepted: readonly JsonValue[];
  /** Whether all flags must be on, or any one of them is enough. */
  readonly match: 'all' | 'any';
  /** Whether the requirement is inverted. */
  readonly not: boolean;
  /** The value that counts if the evaluation of a flag fails or the flag is switched off. */
  readonly defaultValue: JsonValue | undefined;
  /** The function that lets a request pass without an evaluation. */
  readonly bypass: ((context: ExecutionContext) => boolean | Promise<boolean>) | undefined;
  /** The response to a refused request. */
  readonly otherwise: Refusal | undefined;
  /** The domain of the module that evaluates the flags; undefined for the module without a domain. */
  readonly domain: string | undefined;
}

/** The defaults of evaluations for requirements without `defaultValue`. Such a default never lets a request pass. */
const NEUTRAL_DEFAULTS: Readonly<Record<FlagType, JsonValue>> = {
  boolean: false,
  string: '',
  number: 0,
  object: Object.freeze({}),
};

/**
 * Returns a frozen copy of a decorator's argument, so that code that changes the argument, or the result of
 * {@link flagRequirementsOf}, cannot let requests pass.
 */
function frozenCopy<T extends JsonValue | readonly JsonValue[] | undefined>(value: T): T {
  return deepFrozen(ownCopy(value));
}

/** Freezes a JSON value with all nested values, and returns it. */
function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFrozen(member);
  return Object.freeze(value);
}

/** Returns the default with which a requirement's flags are evaluated. Null counts as a default. */
export function defaultOf({ defaultValue, type }: FlagRequirement): JsonValue {
  return defaultValue === undefined ? NEUTRAL_DEFAULTS[type] : defaultValue;
}

function acceptedValues(equals: JsonValue | undefined): readonly JsonValue[] {
  if (equals === undefined) return [true];
  return Array.isArray(equals) ? (equals as readonly JsonValue[]) : [equals];
}

/**
 * Returns the requirement for the arguments of `@FeatureFlag`.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` if a key or an option is not accepted.
 */
export function flagRequirement(
  flagKeys: string | readonly string[],
  options: FeatureFlagOptions,
): FlagRequirement {
  const keys = Object.freeze([...checkKeys(flagKeys)]);
  const decorator = `@FeatureFlag('${keys.join("', '")}')`;
  checkFeatureFlagOptions(decorator, options);
  const accepted = frozenCopy(acceptedValues(options.equals));
  const types = new Set(accepted.map(flagTypeOf));
  const [type] = types;
  if (type === undefined || types.size > 1) {
    throw configurationError(`${decorator} needs values of one type in "equals".`);
  }
  const { match = 'all', not = false, bypass, otherwise, domain } = options;
  const defaultValue = frozenCopy(options.defaultValue);
  if (defaultValue !== undefined && flagTypeOf(defaultValue) !== type) {
    throw configurationError(
      `${decorator} compares ${type} flags, but its "defaultValue" is ${describeValue(defaultValue)}.`,
    );
  }
  return Object.freeze({ keys, type, accepted, match, not, defaultValue, bypass, otherwise, domain });
}

/**
 * Returns the requirements of the `@FeatureFlag` decorators on classes and handlers, for guards, interceptors and
 * documentation of your own. Nest's `Reflector` reads the same under `FeatureFlag.KEY`.
 *
 * @param targets Classes and handlers, as `context.getClass()` and `context.getHandler()` return them.
 * @returns The requirements, those of the first target first; an empty list without decorators. Nothing is thrown.
 * @example
 * const hidden = flagRequirementsOf(context.getClass(), context.getHandler()).length > 0;
 */
export function flagRequirementsOf(...targets: readonly object[]): readonly FlagRequirement[] {
  return targets.flatMap(requirementsOn);
}

/** Returns the requirements stored on a target; for a class, including inherited ones. */
function requirementsOn(target: unknown): readonly FlagRequirement[] {
  // Executions of some transports have no class or handler.
  if ((typeof target !== 'object' && typeof target !== 'function') || target === null) return [];
  return (Reflect.getMetadata(FEATURE_FLAG_METADATA, target) as readonly FlagRequirement[] | undefined) ?? [];
}

/** Appends a requirement to those of a class or a handler, as `@UseGuards` appends guards. */
export function addRequirement(requirement: FlagRequirement, target: object): void {
  const requirements = Object.freeze([...requirementsOn(target), requirement]);
  Reflect.defineMetadata(FEATURE_FLAG_METADATA, requirements, target);
}

/** Whether a value is one of those that the requirement accepts. */
export function accepts({ accepted }: FlagRequirement, value: JsonValue): boolean {
  return accepted.some((wanted) => isJsonEqual(wanted, value));
}

/**
 * Whether the flags together meet the requirement.
 *
 * @param results For each flag, whether its value is accepted; undefined if its evaluation failed. If the other flags do
 * not decide the result, an undefined one leaves the requirement unmet, with `not` too.
 */
export function isMet({ match, not }: FlagRequirement, results: readonly (boolean | undefined)[]): boolean {
  // With 'any', one accepted value decides; with 'all', one value that is not accepted.
  const decisive = match === 'any';
  const isUndecided = results.includes(undefined);
  const result = results.includes(decisive) ? decisive : isUndecided ? undefined : !decisive;
  return result === !not;
}
