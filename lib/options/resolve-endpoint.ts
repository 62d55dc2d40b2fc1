import { configurationError, describeValue } from '../errors';
import { PROVIDER_DEFAULTS } from './defaults';
import { type FlagshipProviderOptions } from './provider-options';

/** What to do about a missing option, which is `undefined` where its environment variable is not set. */
export const CHECK_ENVIRONMENT = '(check that its environment variable is set)';

/**
 * Returns a rejected URL as a message shows it: without user, password and query, which may hold secrets. All before the
 * last `@` counts as user and password, because a password that is not percent-encoded may hold any character.
 */
export function shownUrl(url: string): string {
  return describeValue(url.replace(/^([a-z\d+.-]+:\/\/)?.*@/is, '$1…@').replace(/\?.*$/s, '?…'));
}

function httpUrl(option: string, value: string): URL {
  // `URL` leaves out line breaks and tabs, so that an address in two lines would lead elsewhere.
  if (!URL.canParse(value) || /\p{Cc}/u.test(value)) {
    throw configurationError(
      `option "${option}" must be an absolute URL such as "${PROVIDER_DEFAULTS.baseUrl}", but is ${shownUrl(value)}.`,
    );
  }
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw configurationError(`option "${option}" must be an http or https URL, but is ${shownUrl(value)}.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw configurationError(
      `option "${option}" must not hold a user or password; give "authToken" or "headers".`,
    );
  }
  url.hash = '';
  return url;
}

/**
 * Checks that an ID can be a segment of a path. `URL` resolves the segments `.` and `..`, also percent-encoded ones, so
 * that the request, with its token, would go to another path.
 */
function expectSegment(option: string, id: string): void {
  if (id === '.' || id === '..')
    throw configurationError(`option "${option}" must be an ID, but is "${id}".`);
}

/**
 * Returns the evaluation URL: `endpoint`, or the one that `baseUrl`, `accountId` and `appId` make.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` when an option is missing, in conflict, or is not a usable URL.
 */
export function resolveEndpoint(options: FlagshipProviderOptions): URL {
  const { appId, accountId, endpoint } = options;
  if (appId !== undefined && endpoint !== undefined) {
    throw configurationError('options "appId" and "endpoint" name the app twice; give one of them.');
  }
  if (endpoint !== undefined) return httpUrl('endpoint', endpoint);
  if (appId === undefined) {
    throw configurationError(
      `option "appId" is missing; give "appId" with "accountId", or "endpoint", "definitions" or "binding" ${CHECK_ENVIRONMENT}.`,
    );
  }
  if (accountId === undefined) {
    throw configurationError(
      `option "accountId" is missing; "appId" needs the account that owns the app ${CHECK_ENVIRONMENT}.`,
    );
  }
  expectSegment('accountId', accountId);
  expectSegment('appId', appId);
  const base = httpUrl('baseUrl', options.baseUrl ?? PROVIDER_DEFAULTS.baseUrl);
  if (base.search !== '') {
    throw configurationError('option "baseUrl" must not have a query; give the full URL as "endpoint".');
  }
  // The `cloudflare` SDK and `wrangler` count `/client/v4` as a part of their base URL.
  const root = `${base.origin}${base.pathname.replace(/(?:\/client\/v4)?\/*$/, '')}`;
  return new URL(
    `${root}/client/v4/accounts/${encodeURIComponent(accountId)}/flagship/apps/${encodeURIComponent(appId)}/evaluate`,
  );
}

/** The last segment after `/apps/` that another one follows, such as the ID in `/flagship/apps/{app_id}/evaluate`. */
const APP_SEGMENT = /^.*\/apps\/([^/]+)\/[^/]/;

/** Returns the app's ID that the path of an evaluation URL names, if it names one. */
export function appIdIn({ pathname }: URL): string | undefined {
  const segment = APP_SEGMENT.exec(pathname)?.[1];
  if (segment === undefined) return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not UTF-8: the ID is shown as the URL has it.
    return segment;
  }
}
