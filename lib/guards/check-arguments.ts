import { configurationError, shown } from '../errors';
import { type CheckTable, booleanOption, functionCheck, oneOf, text } from '../options';
import { type FeatureFlagOptions } from './feature-flag.options';
import { type FlagRedirect, REDIRECT_CODES } from './flag-redirect';
import { isJsonValue } from './json-equal';
import { isClass, isRefusalClass, isRefusalError } from './refusal';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function isRefusal(value: unknown): boolean {
  if (typeof value === 'function') return !isClass(value) || isRefusalClass(value);
  if (value instanceof Error) return isRefusalError(value);
  if (!isObject(value)) return false;
  const { redirect, statusCode = 302, ...rest } = value as Partial<FlagRedirect>;
  const aims = typeof redirect === 'function' || (typeof redirect === 'string' && redirect !== '');
  return aims && REDIRECT_CODES.includes(statusCode) && Object.keys(rest).length === 0;
}

const json = (value: unknown) => (isJsonValue(value) ? undefined : 'a JSON value');

const table: CheckTable<FeatureFlagOptions> = {
  equals: json,
  match: oneOf('all', 'any'),
  not: booleanOption,
  defaultValue: json,
  bypass: functionCheck,
  otherwise: (value) =>
    isRefusal(value)
      ? undefined
      : `an exception of Nest's or of your own (JavaScript's own errors are answered as a crash), its class, a function that makes one, or { redirect, statusCode: ${REDIRECT_CODES.join(' or ')} }`,
  domain: text,
};

/** @throws FlagshipError `CONFIGURATION_ERROR`: there is no flag's key. */
export function checkKeys(keys: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(keys) ? (keys as unknown[]) : [keys];
  if (list.length === 0 || list.some((key) => typeof key !== 'string' || key === '')) {
    throw configurationError(
      `@FeatureFlag needs a flag's key or a list of keys, but was given ${shown(keys)}.`,
    );
  }
  return list as readonly string[];
}

/** @throws FlagshipError `CONFIGURATION_ERROR`: an option is unknown or unusable. */
export function checkFeatureFlagOptions(decorator: string, options: FeatureFlagOptions): void {
  if (!isObject(options)) throw configurationError(`${decorator} needs an object of options after the keys.`);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(table, name)) {
      throw configurationError(
        `${decorator} has no option "${name}". Known: ${Object.keys(table).join(', ')}.`,
      );
    }
    const accepted = table[name as keyof FeatureFlagOptions](value);
    if (accepted !== undefined) {
      throw configurationError(`${decorator} needs ${accepted} as "${name}", but was given ${shown(value)}.`);
    }
  }
}
