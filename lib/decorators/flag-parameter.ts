import { type JsonValue } from '@openfeature/server-sdk';
import { configurationError, describeValue } from '../errors';
import { type FlagDomain, type FlagType, flagTypeOf, isText } from '../options';
import { ownCopy } from '../types';

const FLAG_PARAMETERS_METADATA = 'nestjs-flagship:flag-parameters';

/** The options of `@FlagValue` and `@FlagDetails`. */
export interface FlagParameterOptions {
  /**
   * The domain of the Flagship module that evaluates the flag, for an application with several.
   * @default the module without a domain
   * @example { domain: 'billing' }
   */
  readonly domain?: FlagDomain | undefined;
}

/** The flag of a decorated parameter, read once when the class is defined, with validated arguments. */
export interface ParameterFlag {
  readonly key: string;
  readonly type: FlagType;
  readonly defaultValue: JsonValue;
  readonly domain: string | undefined;
}

/**
 * Returns the flag for the arguments of a parameter decorator.
 *
 * @param decorator The decorator's name, for messages.
 * @throws FlagshipError `CONFIGURATION_ERROR` if an argument is not accepted.
 */
export function resolveParameterFlag(
  decorator: string,
  key: unknown,
  defaultValue: unknown,
  { domain, ...unknown }: FlagParameterOptions,
): ParameterFlag {
  if (typeof key !== 'string' || key === '') throw configurationError(`@${decorator} needs a flag's key.`);
  if (defaultValue === undefined) {
    throw configurationError(
      `@${decorator}('${key}') needs a default value: it also says which type the flag has.`,
    );
  }
  const [misspelt] = Object.keys(unknown);
  if (misspelt !== undefined) {
    throw configurationError(`@${decorator}('${key}') has no option "${misspelt}". Known: domain.`);
  }
  if (domain !== undefined && !isText(domain)) {
    throw configurationError(
      `@${decorator}('${key}') needs a module's domain as "domain", but was given ${describeValue(domain)}.`,
    );
  }
  // Copied, because the default is often a constant, which the application may change later.
  const value = ownCopy(defaultValue as JsonValue);
  return { key, type: flagTypeOf(value), defaultValue: value, domain };
}

/** One decorated parameter of a method. */
export interface DecoratedParameter {
  readonly decorator: '@FlagValue' | '@FlagDetails';
  readonly flag: ParameterFlag;
}

/** Stores a decorated parameter in the metadata of its method. */
export function storeFlagParameter(
  prototype: object,
  method: string | symbol,
  use: DecoratedParameter,
): void {
  // Prepended, because JavaScript applies the decorator of the last parameter first.
  Reflect.defineMetadata(
    FLAG_PARAMETERS_METADATA,
    [use, ...readFlagParameters(prototype, method as string)],
    prototype,
    method,
  );
}

/** Returns the decorated parameters of a method, without those of methods that it overrides. */
export function ownFlagParameters(prototype: object, method: string): readonly DecoratedParameter[] {
  for (const declarer of prototypeChainOf(prototype))
    if (Object.hasOwn(declarer, method)) return readFlagParameters(declarer, method);
  return [];
}

/** Returns the decorated parameters that Nest resolves for a handler, including those of methods that it overrides. */
export function inheritedFlagParameters(prototype: object, method: string): readonly DecoratedParameter[] {
  return prototypeChainOf(prototype).flatMap((declarer) => readFlagParameters(declarer, method));
}

function readFlagParameters(prototype: object, method: string): readonly DecoratedParameter[] {
  return (
    (Reflect.getOwnMetadata(FLAG_PARAMETERS_METADATA, prototype, method) as
      readonly DecoratedParameter[] | undefined) ?? []
  );
}

function prototypeChainOf(prototype: object): readonly object[] {
  const next = Object.getPrototypeOf(prototype) as object | null;
  return next === null ? [prototype] : [prototype, ...prototypeChainOf(next)];
}
