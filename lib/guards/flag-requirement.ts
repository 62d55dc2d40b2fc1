import { type ExecutionContext } from '@nestjs/common';
import { configurationError, shown } from '../errors';
import { type FlagType, flagTypeOf, type JsonValue } from '../options';
import { ownCopy } from '../types';
import { checkFeatureFlagOptions, checkKeys } from './check-arguments';
import { FEATURE_FLAG_METADATA } from './feature-flag.metadata';
import { type FeatureFlagOptions } from './feature-flag.options';
import { isJsonEqual } from './json-equal';
import { type Refusal } from './refusal';

/** What one `@FeatureFlag` asks for, read once when the class is defined. */
export interface FlagRequirement {
  /** The flags. */
  readonly keys: readonly string[];
  /** Their type. */
  readonly type: FlagType;
  /** The values that count as on. */
  readonly accepted: readonly JsonValue[];
  /** Whether all flags must be on, or any one is enough. */
  readonly match: 'all' | 'any';
  /** Whether it is turned round. */
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
const NEUTRAL_DEFAULTS: Readonly<Record<FlagType, JsonValue>> = {
  boolean: false,
  string: '',
  number: 0,
  object: Object.freeze({}),
};

/**
 * Copies a decorator's argument, so that code which writes into a constant, or into what {@link flagRequirementsOf}
 * lists, opens no gate.
 */
function frozenCopy<T extends JsonValue | readonly JsonValue[] | undefined>(value: T): T {
  return deepFrozen(ownCopy(value));
}

/** Freezes JSON with all that is in it. */
function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFrozen(member);
  return Object.freeze(value);
}

/** Returns the default that a requirement's flags are asked with. A default of null is one. */
export function defaultOf({ defaultValue, type }: FlagRequirement): JsonValue {
  return defaultValue === undefined ? NEUTRAL_DEFAULTS[type] : defaultValue;
}

function acceptedValues(equals: JsonValue | undefined): readonly JsonValue[] {
  if (equals === undefined) return [true];
  return Array.isArray(equals) ? (equals as readonly JsonValue[]) : [equals];
}

/** @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined. */
export function flagRequirement(
  given: string | readonly string[],
  options: FeatureFlagOptions,
): FlagRequirement {
  const keys = Object.freeze([...checkKeys(given)]);
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
      `${decorator} judges ${type} flags, but its "defaultValue" is ${shown(defaultValue)}.`,
    );
  }
  return Object.freeze({ keys, type, accepted, match, not, defaultValue, bypass, otherwise, domain });
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
  return targets.flatMap(requirementsOn);
}

/** The one place where requirements are read: what a target carries, and for classes what they inherit. */
function requirementsOn(target: unknown): readonly FlagRequirement[] {
  // Not every transport has a class and a handler.
  if ((typeof target !== 'object' && typeof target !== 'function') || target === null) return [];
  return (Reflect.getMetadata(FEATURE_FLAG_METADATA, target) as readonly FlagRequirement[] | undefined) ?? [];
}

/** Leaves a requirement on a class or a handler, after those that are there, as `@UseGuards` does with guards. */
export function addRequirement(requirement: FlagRequirement, target: object): void {
  const requirements = Object.freeze([...requirementsOn(target), requirement]);
  Reflect.defineMetadata(FEATURE_FLAG_METADATA, requirements, target);
}

/** Whether this value lets a request pass. */
export function accepts({ accepted }: FlagRequirement, value: JsonValue): boolean {
  return accepted.some((wanted) => isJsonEqual(wanted, value));
}

/**
 * Whether the flags together meet the requirement. One without an answer (undefined) leaves it open, unless the others
 * settle it; what stays open is refused either way.
 */
export function isMet({ match, not }: FlagRequirement, verdicts: readonly (boolean | undefined)[]): boolean {
  const settles = match === 'any';
  const isOpen = verdicts.includes(undefined);
  const isMet = verdicts.includes(settles) ? settles : isOpen ? undefined : !settles;
  return isMet === !not;
}
