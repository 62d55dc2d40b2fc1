import { configurationError, describeValue } from '../errors';
import { type CheckTable, booleanOption, functionOption, oneOf, nameOption } from '../options';
import { isObject } from '../types';
import { type FeatureFlagOptions } from './feature-flag.options';
import { type FlagRedirect, REDIRECT_CODES } from './flag-redirect';
import { isJsonValue } from './json-equal';
import { isClass, isRefusalClass, isRefusalError } from './refusal';

function isAcceptedRefusal(value: unknown): boolean {
  if (typeof value === 'function') return !isClass(value) || isRefusalClass(value);
  if (value instanceof Error) return isRefusalError(value);
  if (!isObject(value)) return false;
  const { redirect, statusCode = 302, ...unknown } = value as Partial<FlagRedirect>;
  const hasTarget = typeof redirect === 'function' || (typeof redirect === 'string' && redirect !== '');
  return hasTarget && REDIRECT_CODES.includes(statusCode) && Object.keys(unknown).length === 0;
}

const jsonCheck = (value: unknown) => (isJsonValue(value) ? undefined : 'a JSON value');

const checks: CheckTable<FeatureFlagOptions> = {
  equals: jsonCheck,
  match: oneOf('all', 'any'),
  not: booleanOption,
  defaultValue: jsonCheck,
  bypass: functionOption,
  otherwise: (value) =>
    isAcceptedRefusal(value)
      ? undefined
      : `an exception of Nest's or of your own (JavaScript's own errors are answered as a crash), its class, a function that makes one, or { redirect, statusCode: ${REDIRECT_CODES.join(' or ')} }`,
  domain: nameOption,
};

/**
 * Returns the keys as a list.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` if there is no key, or one is not a text.
 */
export function checkKeys(keys: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(keys) ? (keys as unknown[]) : [keys];
  if (list.length === 0 || list.some((key) => typeof key !== 'string' || key === '')) {
    throw configurationError(
      `@FeatureFlag needs a flag's key or a list of keys, but was given ${describeValue(keys)}.`,
    );
  }
  return list as readonly string[];
}

/** @throws FlagshipError `CONFIGURATION_ERROR` if an option is unknown or its value is not accepted. */
export function checkFeatureFlagOptions(decorator: string, options: FeatureFlagOptions): void {
  if (!isObject(options)) throw configurationError(`${decorator} needs an object of options after the keys.`);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(checks, name)) {
      throw configurationError(
        `${decorator} has no option "${name}". Known: ${Object.keys(checks).join(', ')}.`,
      );
    }
    const expectation = checks[name as keyof FeatureFlagOptions](value);
    if (expectation !== undefined) {
      throw configurationError(
        `${decorator} needs ${expectation} as "${name}", but was given ${describeValue(value)}.`,
      );
    }
  }
}
