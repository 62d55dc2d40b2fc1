import { FlagshipError } from '../errors';
import { FlagshipServerProvider } from '../provider';
import { type FlagshipProviderOptions } from './provider-options';
import { resolveProviderOptions } from './resolve-provider-options';

const app = { appId: 'shop', accountId: 'account' };
const local = { ...app, localEvaluation: true };
const definitions = { flag: true };
const details = () => Promise.resolve({ value: true });
const binding = {
  getBooleanDetails: details,
  getStringDetails: details,
  getNumberDetails: details,
  getObjectDetails: details,
};

function problemWith(options: unknown): string {
  try {
    new FlagshipServerProvider(options as FlagshipProviderOptions);
  } catch (error) {
    if (!(error instanceof FlagshipError)) throw error;
    expect(error.code).toBe('CONFIGURATION_ERROR');
    return error.message;
  }
  throw new Error('the options were accepted');
}

describe('sources that exclude other options', () => {
  const http: readonly (readonly [string, unknown])[] = [
    ['appId', 'shop'],
    ['endpoint', 'http://host/evaluate'],
    ['baseUrl', 'http://host'],
    ['authToken', 'token'],
    ['headers', {}],
    ['headersFactory', () => ({})],
    ['fetchOptions', {}],
    ['fetch', globalThis.fetch],
    ['timeout', 1000],
    ['retries', 0],
    ['retryDelay', 0],
    ['contextTransport', 'query'],
    ['localEvaluation', true],
    ['refreshInterval', 1000],
    ['definitionsCache', '/tmp/kept.json'],
  ];
  const conflicts: readonly (readonly [source: object, name: string, value: unknown])[] = [
    [local, 'cacheTtl', 1000],
    [{ ...local, definitions: undefined }, 'definitions', definitions],
    [{ ...local, binding: undefined }, 'binding', binding],
    [{ definitions }, 'cacheTtl', 1000],
    [{ definitions }, 'binding', binding],
    [{ binding }, 'accountId', 'account'],
    ...http.map(([name, value]) => [{ definitions }, name, value] as const),
    ...http.map(([name, value]) => [{ binding }, name, value] as const),
  ];
  const named = conflicts.map(([source, name, value]) => {
    const first = ['localEvaluation', 'definitions', 'binding'].find((option) => option in source) ?? '';
    return [first, name, { ...source, [name]: value }] as const;
  });

  it.each(named)('%s and %s are both named', (source, name, options) => {
    const message = problemWith(options);
    expect(message).toContain(`"${source}"`);
    expect(message).toContain(`"${name}"`);
    expect(message).toMatch(/exclude each other; give one or the other/);
  });

  it('names all conflicting options', () => {
    const message = problemWith({ definitions, appId: 'a', baseUrl: 'http://host', timeout: 5 });
    for (const name of ['appId', 'baseUrl', 'timeout']) expect(message).toContain(`"${name}"`);
  });

  it('does not show a conflicting token', () => {
    expect(problemWith({ definitions, authToken: 's3cret' })).not.toContain('s3cret');
  });

  const harmless: readonly (readonly [string, FlagshipProviderOptions])[] = [
    ['definitions and accountId', { definitions, accountId: 'account' }],
    [
      'definitions and options without effect',
      { definitions, localEvaluation: false, cacheTtl: 0, appId: undefined },
    ],
    ['definitions and logging', { definitions, logging: true }],
    ['binding and a cache', { binding, cacheTtl: 1000, cacheMaxSize: 5 }],
    ['binding and options without effect', { binding, localEvaluation: false, baseUrl: undefined }],
    ['localEvaluation and no cache', { ...local, cacheTtl: 0 }],
    [
      'localEvaluation and the options of HTTP',
      { ...local, authToken: 't', timeout: 5, retries: 0, baseUrl: 'http://h' },
    ],
  ];
  it.each(harmless)('%s go together', async (_, options) => {
    await new FlagshipServerProvider(options).onClose();
  });
});

describe('localEvaluation', () => {
  it('needs an account, which seeds the rollouts', () => {
    const message = problemWith({ endpoint: 'http://host/evaluate', localEvaluation: true });
    expect(message).toMatch(/"accountId" is missing.*"localEvaluation".*seed/);
  });

  it.each(['http://host/', 'http://host/evaluate/', 'http://host/evaluates', 'http://host/x?path=/evaluate'])(
    'cannot use the endpoint %s',
    (endpoint) => {
      const message = problemWith({ endpoint, accountId: 'account', localEvaluation: true });
      expect(message).toMatch(/"endpoint" must end in "\/evaluate" for "localEvaluation"/);
    },
  );

  it.each([0, -1, NaN, Infinity, -Infinity, 0.5, 2_000_000_000, '30000', null, true])(
    'cannot use the refreshInterval %p',
    (refreshInterval) => {
      expect(problemWith({ ...local, refreshInterval })).toMatch(
        /"refreshInterval".*number of milliseconds from 1 to 1900000000/,
      );
    },
  );

  it.each([1, 1000.5, 1_900_000_000])('can use the refreshInterval %p', (refreshInterval) => {
    expect(resolveProviderOptions({ ...local, refreshInterval }).source).toMatchObject({ refreshInterval });
  });

  it('refreshes every 30 s by default, without a file', () => {
    const { source } = resolveProviderOptions(local);
    expect(source).toMatchObject({ kind: 'polling', refreshInterval: 30_000, accountId: 'account' });
    expect(source).toMatchObject({ cacheFile: undefined });
  });

  it.each(['yes', 1, null])('cannot be %p', (localEvaluation) => {
    expect(problemWith({ ...app, localEvaluation })).toMatch(/"localEvaluation".*true or false/);
  });

  it.each([7, null, {}, 'a\nb', 'a\0b'])('cannot keep definitions in %p', (definitionsCache) => {
    expect(problemWith({ ...local, definitionsCache })).toMatch(/"definitionsCache".*text/);
  });
});

describe('definitions', () => {
  it.each([7, null, [], [true], () => ({})])('cannot be %p', (value) => {
    expect(problemWith({ definitions: value })).toMatch(/"definitions".*a JSON file's path or an object/);
  });
});

describe('binding', () => {
  const incomplete = { ...binding, getNumberDetails: undefined };
  it.each([['text'], [7], [null], [[]], [{}], [incomplete]])('cannot be %p', (value) => {
    expect(problemWith({ binding: value })).toMatch(/"binding".*getBooleanDetails.*getObjectDetails/);
  });

  it('may have its methods on a prototype, or behind a proxy', async () => {
    const proxy = new Proxy({}, { get: () => details }) as typeof binding;
    for (const value of [Object.create(binding) as typeof binding, proxy]) {
      const provider = new FlagshipServerProvider({ binding: value });
      expect(await provider.resolveBooleanEvaluation('flag', false, {})).toMatchObject({ value: true });
      await provider.onClose();
    }
  });
});

describe('the ID of the app', () => {
  const idOf = (options: FlagshipProviderOptions) => {
    const { source } = resolveProviderOptions(options);
    return 'http' in source ? source.http.flagSetId : 'no HTTP';
  };

  it('is the option "appId"', () => {
    expect(idOf(app)).toBe('shop');
    expect(idOf({ ...local, appId: 'my shop/1' })).toBe('my shop/1');
  });

  it.each([
    ['https://host/client/v4/accounts/a/flagship/apps/shop/evaluate', 'shop'],
    ['https://host/client/v4/accounts/a/flagship/apps/my%20shop%2F1/evaluate', 'my shop/1'],
    ['https://host/flags/apps/shop/v2/evaluate?x=/apps/other/y', 'shop'],
    ['https://host/client/v4/accounts/apps/flagship/apps/shop/evaluate', 'shop'],
    ['https://host/apps/gateway/flagship/apps/shop/evaluate', 'shop'],
    ['https://host/apps/apps/evaluate', 'apps'],
    ['https://host/apps/%E0%A4%A/evaluate', '%E0%A4%A'],
    ['https://host/apps/shop', undefined],
    ['https://host/apps/evaluate', undefined],
    ['https://host/evaluate', undefined],
  ])('is read from the endpoint %s: %p', (endpoint, id) => {
    expect(idOf({ endpoint })).toBe(id);
  });
});
