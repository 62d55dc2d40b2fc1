import { FlagshipServerProvider as VendorProvider } from '@cloudflare/flagship/server';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { answer, type CommonOptions, useBothProviders } from './both-providers';

const vendor = useBothProviders();

describe('the provider authorizes itself as @cloudflare/flagship does with', () => {
  const token = 'token-1';
  const cases: readonly (readonly [string, CommonOptions])[] = [
    ['nothing', {}],
    ['a token', { authToken: token }],
    ['a token of odd characters', { authToken: `a b~!@#$%^&*()_+=/'"` }],
    ['a token that ends in a space', { authToken: 'token ' }],
    ['a header', { fetchOptions: { headers: { authorization: 'Basic abc' } } }],
    [
      'a header over the token',
      { authToken: token, fetchOptions: { headers: { Authorization: 'Basic abc' } } },
    ],
    ['an upper-case header', { authToken: token, fetchOptions: { headers: { AUTHORIZATION: 'X' } } }],
    ['an empty header', { authToken: token, fetchOptions: { headers: { authorization: '' } } }],
    ['another header', { authToken: token, fetchOptions: { headers: { 'x-one': '1' } } }],
    ['no headers', { authToken: token, fetchOptions: {} }],
  ];
  it.each(cases.flatMap(([name, options]) => [0, 2].map((retries) => [name, retries, options] as const)))(
    '%s, retries: %i',
    async (_, retries, options) => {
      const script = [{ status: 503 }, { status: 503 }, answer(true)];
      const { requests } = await vendor.expectSame({ ...vendor.at, ...options, retries }, script, {});
      expect(requests).toHaveLength(retries + 1);
    },
  );

  it('further headers', async () => {
    const headers = { 'x-one': '1', 'X-Two': 'zwei; drei', 'x-latin': 'é' };
    const seen = [];
    const options = { ...vendor.at, fetchOptions: { headers } };
    const providers = [new VendorProvider(options), new FlagshipServerProvider(options)];
    for (const provider of providers) {
      await vendor.outcomeOf(provider, [answer(true)], [{}]);
      const sent = vendor.server.requests[0]?.headers;
      seen.push([sent?.['x-one'], sent?.['x-two'], sent?.['x-latin']]);
    }
    expect(seen[1]).toEqual(seen[0]);
  });
});
