import { answer, useBothProviders } from './both-providers';

const vendor = useBothProviders();

describe('the provider asks the same address as @cloudflare/flagship for', () => {
  const ids = [
    'shop',
    'with space',
    'a/b',
    'a?b=c#d',
    'ü😀',
    '100%',
    '%2F',
    `!'()*~`,
    'a&b=c+d',
    'a;b,c:d@e$f',
    '"<>`{}|\\^[]',
    '...',
    'UPPER_lower-123.4',
  ];
  const bases = ['', '/', '///', '/proxy', '/proxy/', '/pro xy/v1//', '/%C3%BC/a;b'];

  it.each(ids.flatMap((id) => bases.map((base) => [id, base] as const)))(
    'app "%s" under "%s"',
    async (id, base) => {
      const options = {
        appId: id,
        accountId: `account ${id}`,
        baseUrl: `${vendor.server.url}${base}`,
        retries: 0,
      };
      const { requests } = await vendor.expectSame(options, [answer(true)], {
        context: { targetingKey: 'u' },
      });
      expect(requests).toHaveLength(1);
    },
  );

  const endpoints = [
    '',
    '/',
    '/evaluate',
    '/evaluate/',
    '/a/../b/./evaluate',
    '/a b/ü',
    '/evaluate?',
    '/evaluate?key=value',
    '/evaluate?plan=own&plan=twice',
    '/evaluate?a=~!()%27*&b=+%20',
    '/evaluate?flagKey=other&after=1',
    '/evaluate#fragment',
    '/evaluate?key=value#fragment',
    `/a'b(c)!~*;,:@&=+$`,
  ];
  it.each(endpoints)('endpoint "%s"', async (path) => {
    const options = { ...vendor.at, endpoint: `${vendor.server.url}${path}` };
    const { requests } = await vendor.expectSame(options, [answer(true)], { context: { plan: 'pro' } });
    expect(requests).toHaveLength(1);
  });
});
