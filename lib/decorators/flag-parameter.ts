import { type JsonValue } from '@openfeature/server-sdk';
import { configurationError, describeValue } from '../errors';
import { type FlagType, flagTypeOf, isText } from '../options';
import { ownCopy } from '../types';

/** Whose flag a parameter is. */
export interface FlagParameterOptions {
  /**
   * The domain of the Flagship module, where the application has several.
   * @default the module without a domain
   */
  readonly domain?: string;
}

/** What a parameter decorator asks for, read once when the class is defined. */
export interface WantedFlag {
  readonly key: string;
  readonly type: FlagType;
  readonly defaultValue: JsonValue;
  readonly domain: string | undefined;
}

/** @throws FlagshipError `CONFIGURATION_ERROR` while the class is being defined. */
export function wantedFlag(
  decorator: string,
  key: unknown,
  defaultValue: unknown,
  { domain, ...unknown }: FlagParameterOptions,
): WantedFlag {
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
  // A constant that the application writes into later stays the default that it was.
  const value = ownCopy(defaultValue as JsonValue);
  return { key, type: flagTypeOf(value), defaultValue: value, domain };
}
