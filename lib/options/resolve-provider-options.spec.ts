import { FlagshipError } from '../errors';
import { FlagshipServerProvider } from '../provider';
import { type FlagshipProviderOptions } from './provider-options';
import { resolveProviderOptions } from './resolve-provider-options';

const app = { appId: 'shop', accountId: 'account' };
const SECRET = 's3cret';

function problemWith(options: unknown): FlagshipError {
  try {
    new FlagshipServerProvider(options as typeof app);
  } catch (error) {
    if (error instanceof FlagshipError) return error;
    throw error;
  }
  throw new Error('the options were accepted');
}

describe('an option that cannot be used', () => {
  const long = 'x'.repeat(32);
  const text = /text that is not empty/;
  const time = /number of milliseconds from [01] to 2147483647/;
  const cases: readonly (readonly [option: string, values: readonly unknown[], accepted: RegExp])[] = [
    ['appId', [7, null, {}], text],
    ['accountId', [7, null], text],
    ['appId', ['a\nb', 'a\0b'], /without line breaks/],
    ['accountId', ['a\r\nb'], /without line breaks/],
    ['appId', ['.', '..'], /must be an ID/],
    ['accountId', ['.', ' .. '], /must be an ID/],
    ['authToken', [7, null, [SECRET]], text],
    ['authToken', ['a\nb', 'a\0b', 'Bearer a\r\nb', 'tok…en'], /token on one line/],
    ['authToken', ['Bearer', 'bearer ', ' BEARER\n', 'Bearer Bearer'], /"Bearer"/],
    ['baseUrl', [7, null], text],
    ['baseUrl', ['http://a\nb', 'http://a\tb', 'http://a/\0'], /absolute URL/],
    ['baseUrl', ['proxy', '//host', 'http://', 'http://host:port'], /absolute URL/],
    ['baseUrl', ['ftp://host', 'file:///x', 'localhost:8787', 'localhost:80:80'], /http or https URL/],
    ['baseUrl', ['http://host?key=value', 'http://host/path/?a=b#c'], /query/],
    ['headers', ['x', 7, null, () => ({})], /headers|object/],
    [
      'headers',
      [{ 'Transfer-Encoding': 'chunked' }, { expect: '100-continue' }, [['content-length', '5']]],
      /header that the HTTP client sets/,
    ],
    ['headers', [{ 'a b': 'c' }, { '': 'c' }, [['a:', 'b']]], /header name/],
    [
      'headers',
      [{ a: 'b\nc' }, { a: 7 }, { a: null }, { a: '\u0100' }],
      /"a" is not text that a header can hold/,
    ],
    ['headers', [['a: b'], [['a']], [['a', 'b', 'c']], [7]], /pairs/],
    ['headersFactory', [{}, 'x', null], /a function/],
    ['fetchOptions', ['x', 7, null, []], /an object/],
    ['fetchOptions.headers', ['x', 7, null], /object/],
    ['fetchOptions.headers', [{ 'a b': 'c' }], /header name/],
    ['fetch', [{}, 'x', null], /a function/],
    ['timeout', [0, -1, NaN, Infinity, 2 ** 31, '5000', null, 5n], time],
    ['retries', [-1, 0.5, NaN, Infinity, '1', null], /whole number from 0/],
    ['retryDelay', [-1, NaN, Infinity, 2 ** 31, '1', null], time],
    ['logging', ['yes', 1, 0, null], /true or false/],
    ['cacheTtl', [-1, NaN, Infinity, 2 ** 31, '1', null], time],
    ['cacheMaxSize', [0, -1, 1.5, NaN, Infinity, 1_000_001, '1', null], /whole number from 1 to 1000000/],
    ['cacheMaxBytes', [0, -1, 1.5, NaN, Infinity, '1', null], /whole number from 1 to/],
    ['cacheStore', [7, null, 'x', {}, { get: () => 1 }, []], /"get" and "set"/],
    [
      'secret',
      ['x'.repeat(31), `${'x'.repeat(31)} `, 7, null, {}, [], [long, 'short'], [long, ''], [[long]]],
      /32 characters/,
    ],
    ['contextTransport', ['Query', '', 'post', null, 1], /"query", "body", "auto"/],
  ];
  const each = cases.flatMap(([option, values, accepted]) =>
    values.map((value) => [option, value, accepted] as const),
  );

  it.each(each)('%s: %p', (option, value, accepted) => {
    const [outer = '', inner] = option.split('.');
    const problem = problemWith({ ...app, [outer]: inner === undefined ? value : { [inner]: value } });
    expect(problem.code).toBe('CONFIGURATION_ERROR');
    expect(problem.message).toContain(`"${option}"`);
    expect(problem.message).toMatch(accepted);
  });

  it.each(['evaluate', '/evaluate', 'http://host/a\nb', 'ftp://host/evaluate', 7, null])(
    'endpoint: %p',
    (endpoint) => {
      const problem = problemWith({ endpoint });
      expect(problem.code).toBe('CONFIGURATION_ERROR');
      expect(problem.message).toMatch(/"endpoint" must be (text|an absolute URL|an http or https URL)/);
    },
  );

  it('cacheStore: an object that cannot be read', () => {
    const fail = () => {
      throw new Error('no property for you');
    };
    const getter = Object.defineProperty({ set: () => undefined }, 'get', { get: fail });
    for (const cacheStore of [getter, new Proxy({}, { get: fail })])
      expect(problemWith({ ...app, cacheTtl: 1, cacheStore }).message).toMatch(
        /"cacheStore".*"get" and "set"/,
      );
  });

  it.each([undefined, null, 7, 'options'])('the options as a whole: %p', (options) => {
    expect(problemWith(options).message).toMatch(/the options must be an object/);
  });

  it('unknown: the message lists the known ones', () => {
    const { code, message } = problemWith({ ...app, cacheTTL: 1000 });
    expect(code).toBe('CONFIGURATION_ERROR');
    expect(message).toMatch(/no option "cacheTTL".*cacheTtl/);
  });

  it.each(['__proto__', 'constructor', 'toString'])('unknown: %s', (name) => {
    const options: unknown = JSON.parse(`{"appId":"a","accountId":"b","${name}":1}`);
    expect(problemWith(options).message).toContain(`no option "${name}"`);
  });
});

describe('options that do not go together', () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['none', {}, /"appId" is missing.*"endpoint"/],
    ['appId alone', { appId: 'a' }, /"accountId" is missing/],
    ['accountId alone', { accountId: 'a' }, /"appId" is missing/],
    ['appId and endpoint', { ...app, endpoint: 'http://host/evaluate' }, /"appId" and "endpoint".*give one/],
    ['an unset environment variable', { appId: undefined, accountId: 'b' }, /environment variable/],
  ];
  it.each(cases)('%s', (_, options, message) => {
    const problem = problemWith(options);
    expect(problem.code).toBe('CONFIGURATION_ERROR');
    expect(problem.message).toMatch(message);
  });
});

describe('a secret in a mistaken option is not shown', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['a token with a line break', { authToken: `${SECRET}\n${SECRET}` }],
    ['a token with a scheme and a line break', { authToken: `Bearer ${SECRET}\n${SECRET}` }],
    ['a token of the wrong type', { authToken: [SECRET] }],
    ['headers as text', { headers: `authorization: ${SECRET}` }],
    ['a header value', { headers: { authorization: `${SECRET}\n${SECRET}` } }],
    ['a header in a list', { headers: [`authorization: ${SECRET}`] }],
    ['a header that is a list', { headers: { authorization: [SECRET] } }],
    ['headers of fetchOptions as text', { fetchOptions: { headers: SECRET } }],
    ['fetchOptions as text', { fetchOptions: SECRET }],
    ['too short a secret', { secret: SECRET }],
    ['too short a secret in a list', { secret: ['x'.repeat(32), SECRET] }],
    ['a secret in an object', { secret: { [SECRET]: SECRET } }],
    ['headersFactory as text', { headersFactory: `Bearer ${SECRET}` }],
    ['a password in a baseUrl with a line break', { baseUrl: `http://user:${SECRET}@ho\nst` }],
    ['a password in baseUrl', { baseUrl: `http://user:${SECRET}@host` }],
    ['a password in a baseUrl of another protocol', { baseUrl: `ftp://user:${SECRET}@host` }],
    ['a password in a baseUrl that is none', { baseUrl: `http://user:${SECRET}@:x` }],
    ['a password with a # in it', { baseUrl: `http://user:p#${SECRET}@host` }],
    ['a password with a ? in it', { endpoint: `http://user:${SECRET}?p/@host` }],
    ['a password in two lines', { endpoint: `http://user:\n${SECRET}@host` }],
    ['a password with an @ in it', { baseUrl: `ftp://user:p@${SECRET}@host` }],
    ['a key in a query without a scheme', { baseUrl: `host/path?key=${SECRET}` }],
    ['a key in the query of baseUrl', { baseUrl: `http://host?key=${SECRET}` }],
  ];
  it.each(cases)('%s', (_, options) => {
    const problem = problemWith({ ...app, ...options });
    expect(problem.code).toBe('CONFIGURATION_ERROR');
    expect(`${problem.message} ${problem.stack ?? ''}`).not.toContain(SECRET);
  });
});

describe('options that can be used', () => {
  const httpOf = (options: FlagshipProviderOptions) => {
    const { source } = resolveProviderOptions(options);
    if (source.kind !== 'remote' && source.kind !== 'polling') throw new Error(`no HTTP in ${source.kind}`);
    return source.http;
  };

  it('are completed with the documented defaults', () => {
    const resolved = resolveProviderOptions(app);
    expect(resolved).toMatchObject({
      logging: false,
      source: {
        kind: 'remote',
        contextTransport: 'auto',
        http: { timeout: 5000, retries: 1, retryDelay: 1000, headers: {} },
      },
    });
    expect(resolved.cache).toEqual({
      ttl: 0,
      maxSize: 1000,
      maxBytes: 33_554_432,
      staleTtl: 0,
      staleWhileRevalidate: false,
      negativeTtl: 0,
      store: undefined,
    });
    expect(resolved.maxConcurrent).toBe(5000);
    expect(httpOf(app)).toMatchObject({
      deadline: 11_000,
      circuitBreaker: { threshold: 5, halfOpenAfter: 10_000 },
    });
    expect(httpOf(app).fetch).toBeUndefined();
    expect(httpOf(app).endpoint.href).toBe(
      'https://api.cloudflare.com/client/v4/accounts/account/flagship/apps/shop/evaluate',
    );
  });

  it('have more memory for a larger cacheMaxSize', () => {
    const { maxBytes } = resolveProviderOptions({ ...app, cacheMaxSize: 1_000_000 }).cache;
    expect(maxBytes).toBe(2_048_000_000);
    expect(resolveProviderOptions({ ...app, cacheMaxSize: 1_000_000, cacheMaxBytes: 5 }).cache.maxBytes).toBe(
      5,
    );
  });

  it('may all be undefined', () => {
    const none = Object.fromEntries(
      ['authToken', 'baseUrl', 'endpoint', 'headers', 'timeout', 'retries', 'cacheTtl', 'fetch'].map(
        (name) => [name, undefined],
      ),
    );
    expect(resolveProviderOptions({ ...app, ...none })).toEqual(resolveProviderOptions(app));
  });

  it('are capped as documented', () => {
    const http = httpOf({ ...app, retries: 11, retryDelay: 30_001 });
    expect(http).toMatchObject({ retries: 10, retryDelay: 30_000 });
  });

  it.each([1, 0.5, 1000, 1500.5, 2_147_483_647])('cache for cacheTtl: %p', async (cacheTtl) => {
    const provider = new FlagshipServerProvider({ ...app, cacheTtl });
    await provider.onClose();
    expect(resolveProviderOptions({ ...app, cacheTtl }).cache).toMatchObject({
      ttl: cacheTtl,
      maxSize: 1000,
    });
  });

  it('do not cache for cacheTtl: 0', () => {
    expect(resolveProviderOptions({ ...app, cacheTtl: 0, cacheMaxSize: 5 }).cache.ttl).toBe(0);
  });

  it('merge headers: fetchOptions, then headers, over the token', () => {
    const http = httpOf({
      ...app,
      authToken: 'token',
      fetchOptions: { headers: new Headers({ a: 'fetch', b: 'fetch' }) },
      headers: [
        ['B', 'own'],
        ['c', 'own'],
      ],
    });
    expect(http.headers).toEqual({ authorization: 'Bearer token', a: 'fetch', b: 'own', c: 'own' });
    expect(http.fetch).toBeUndefined();
  });

  it('use fetch when fetchOptions has other fields than headers', () => {
    const http = httpOf({ ...app, fetchOptions: { redirect: 'error', headers: {} } });
    expect(http.fetch).toBeInstanceOf(Function);
    expect(http.fetchInit).toEqual({ redirect: 'error' });
  });

  it('use the global fetch of the moment, not that of the start', async () => {
    const { fetch } = httpOf({ ...app, fetchOptions: { redirect: 'error' } });
    const later = jest.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('later'));
    expect(await (await fetch?.('http://flagship.test'))?.text()).toBe('later');
    later.mockRestore();
  });

  it.each([{ signal: new AbortController().signal }, { signal: null }, { redirect: undefined }, {}])(
    'leave the requests to the built-in client with fetchOptions of %p',
    (fetchOptions) => {
      expect(httpOf({ ...app, fetchOptions }).fetch).toBeUndefined();
    },
  );

  it.each([
    ['aborted', '"aborted"'],
    [{}, 'an object'],
    [true, 'true'],
    [new AbortController(), 'an object'],
  ])('refuse %p as a signal', (signal, shown) => {
    expect(() => httpOf({ ...app, fetchOptions: { signal: signal as never } })).toThrow(
      `option "fetchOptions.signal" must be an AbortSignal, but is ${shown}.`,
    );
  });

  it('are not modified, and later changes to them have no effect', () => {
    const headers: Record<string, string> = { a: '1' };
    const options = Object.freeze({ ...app, headers });
    const http = httpOf(options);
    headers.a = '2';
    expect(http.headers).toEqual({ a: '1' });
  });
});
