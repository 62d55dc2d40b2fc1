import { configurationError, shown } from '../errors';
import { type CheckTable, flag, functionCheck, oneOf, text } from '../options';
import { type FeatureFlagOptions } from './feature-flag.options';
import { type FlagRedirect, REDIRECT_CODES } from './flag-redirect';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function isRefusal(value: unknown): boolean {
  if (value instanceof Error || typeof value === 'function') return true;
  if (!isObject(value)) return false;
  const { redirect, statusCode = 302, ...rest } = value as Partial<FlagRedirect>;
  const aims = typeof redirect === 'function' || (typeof redirect === 'string' && redirect !== '');
  return aims && REDIRECT_CODES.includes(statusCode) && Object.keys(rest).length === 0;
}

const isJson = (value: unknown): boolean => !['function', 'symbol', 'bigint'].includes(typeof value);
const json = (value: unknown) => (isJson(value) ? undefined : 'a JSON value');

const table: CheckTable<FeatureFlagOptions> = {
  equals: json,
  match: oneOf('all', 'any'),
  not: flag,
  defaultValue: json,
  bypass: functionCheck,
  otherwise: (value) =>
    isRefusal(value)
      ? undefined
      : `an exception, its class, a function that makes one, or { redirect, statusCode: ${REDIRECT_CODES.join(' or ')} }`,
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
