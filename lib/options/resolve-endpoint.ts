import { configurationError, describeValue } from '../errors';
import { type FlagshipProviderOptions } from './provider-options';

export const DEFAULT_BASE_URL = 'https://api.cloudflare.com';

/** How a rejected URL is shown: without user, password and query, where secrets live. */
function shownUrl(url: string): string {
  return describeValue(url.replace(/^([a-z+.-]+:\/\/)?[^?#]*@/i, '$1…@').replace(/\?.*$/s, '?…'));
}

function httpUrl(option: string, value: string): URL {
  if (!URL.canParse(value)) {
    throw configurationError(
      `option "${option}" must be an absolute URL such as "${DEFAULT_BASE_URL}", but is ${shownUrl(value)}.`,
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

/** The evaluation URL that the options name. */
export function resolveEndpoint(options: FlagshipProviderOptions): URL {
  const { appId, accountId, endpoint } = options;
  if (appId !== undefined && endpoint !== undefined) {
    throw configurationError('options "appId" and "endpoint" name the app twice; give one of them.');
  }
  if (endpoint !== undefined) return httpUrl('endpoint', endpoint);
  if (appId === undefined) {
    throw configurationError(
      'option "appId" is missing; give "appId" with "accountId", or "endpoint" (is an environment variable not set?).',
    );
  }
  if (accountId === undefined) {
    throw configurationError('option "accountId" is missing; "appId" needs the account that owns the app.');
  }
  const base = httpUrl('baseUrl', options.baseUrl ?? DEFAULT_BASE_URL);
  if (base.search !== '') {
    throw configurationError('option "baseUrl" must not have a query; give the full URL as "endpoint".');
  }
  const root = `${base.origin}${base.pathname.replace(/\/+$/, '')}`;
  return new URL(
    `${root}/client/v4/accounts/${encodeURIComponent(accountId)}/flagship/apps/${encodeURIComponent(appId)}/evaluate`,
  );
}
