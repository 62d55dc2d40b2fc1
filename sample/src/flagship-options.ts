import { type FlagshipModuleOptions } from 'nestjs-flagship';
import { type LocalFlagship } from 'nestjs-flagship/local';
import { type FlagshipMode } from './mode/flagship-mode';

export type FlagshipAddress = Pick<LocalFlagship, 'url' | 'accountId' | 'appId'>;

/** For the real Flagship: leave `baseUrl` and `refreshInterval` out, and add `authToken`. */
export function flagshipOptions(
  { url, accountId, appId }: FlagshipAddress,
  mode: FlagshipMode,
): FlagshipModuleOptions {
  return {
    baseUrl: url,
    accountId,
    appId,
    localEvaluation: mode === 'local',
    // Only used in local mode, and so short only to show edits of the flags soon.
    refreshInterval: 500,
    // Only used in remote mode. A body keeps types, so that a user called "007" is not taken for the number 7.
    contextTransport: 'body',
    requestContext: { userId: 'x-user-id', headers: { 'x-plan': 'plan' } },
  };
}
