import { FlagshipServerProvider as VendorProvider } from '@cloudflare/flagship/server';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { type CommonOptions } from './both-providers';

type VendorOptions = ConstructorParameters<typeof VendorProvider>[0];

describe('the provider refuses the same options as @cloudflare/flagship', () => {
  const cases: readonly (readonly [string, CommonOptions])[] = [
    ['none', {}],
    ['appId and endpoint', { appId: 'a', accountId: 'b', endpoint: 'http://localhost/evaluate' }],
    ['appId without accountId', { appId: 'a' }],
    ['accountId without appId', { accountId: 'b' }],
    ['an endpoint that is no URL', { endpoint: 'evaluate' }],
    ['a baseUrl that is no URL', { appId: 'a', accountId: 'b', baseUrl: 'proxy' }],
  ];
  it.each(cases)('%s', (_, options) => {
    expect(() => new VendorProvider(options as VendorOptions)).toThrow(/^Flagship: /);
    expect(() => new FlagshipServerProvider(options)).toThrow(/^Flagship: /);
  });
});
