import { type FlagshipModuleOptions } from 'nestjs-flagship';
import { type LocalFlagship } from 'nestjs-flagship/local';

export type FlagshipAddress = Pick<LocalFlagship, 'url' | 'accountId' | 'appId'>;

/** For the real Flagship: leave `baseUrl` out, and add `authToken` and a `cacheTtl`. */
export function flagshipOptions({ url, accountId, appId }: FlagshipAddress): FlagshipModuleOptions {
  return {
    baseUrl: url,
    accountId,
    appId,
    // A body keeps types, so that a user called "007" is not taken for the number 7.
    contextTransport: 'body',
    requestContext: { userId: 'x-user-id', headers: { 'x-plan': 'plan' } },
  };
}
