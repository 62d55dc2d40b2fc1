import { type FlagshipModuleOptions } from 'nestjs-flagship';
import { type LocalFlagship } from 'nestjs-flagship/local';
import { type FlagshipMode } from './mode/flagship-mode';

export type FlagshipAddress = Pick<LocalFlagship, 'url' | 'accountId' | 'appId'>;

/** Returns the module's options. For Cloudflare's Flagship, omit `baseUrl` and `refreshInterval`, and add `authToken`. */
export function flagshipOptions(
  { url, accountId, appId }: FlagshipAddress,
  mode: FlagshipMode,
): FlagshipModuleOptions {
  return {
    baseUrl: url,
    accountId,
    appId,
    localEvaluation: mode === 'local',
    // Used in local mode only. Short, so that the page shows edits of the flags soon.
    refreshInterval: 500,
    // Used in remote mode only. A body keeps user ids out of URLs and access logs.
    contextTransport: 'body',
    requestContext: { userId: 'x-user-id', headers: { 'x-plan': 'plan' } },
  };
}
