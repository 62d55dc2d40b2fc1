import { FlagService, FlagshipModule, type FlagshipModuleOptions, getFlagsToken } from 'nestjs-flagship';
import { FlagshipServerProvider } from '../provider';
import { useApp } from '../../test/fixtures/use-app';
import { useServer } from '../../test/fixtures/use-server';
import { bindingWith } from '../../test/fixtures/workers-binding';
import { type FlagshipProviderOptions } from './provider-options';
import { resolveProviderOptions } from './resolve-provider-options';

const app = { appId: 'shop', accountId: 'account' };
const apps = useApp();
const servers = useServer();
const blanks = ['', ' ', '\t', '\n', '\r\n ', '\u00a0', '\ufeff'];

function problemWith(options: FlagshipProviderOptions): string {
  try {
    resolveProviderOptions(options);
  } catch (error) {
    return String(error);
  }
  throw new Error('the options were accepted');
}

describe('blank text', () => {
  const optional = ['authToken', 'baseUrl', 'endpoint', 'secret', 'definitionsCache', 'definitions'] as const;
  const cases = optional.flatMap((name) => blanks.map((blank) => [name, blank] as const));

  it.each(cases)('counts as not given: %s %j', (name, blank) => {
    expect(resolveProviderOptions({ ...app, [name]: blank })).toEqual(resolveProviderOptions(app));
  });

  it.each(blanks)('is missing where an option is required: %j', (blank) => {
    expect(problemWith({ appId: blank })).toMatch(/"appId" is missing.*environment variable/);
    expect(problemWith({ ...app, appId: blank })).toMatch(/"appId" is missing/);
    expect(problemWith({ ...app, accountId: blank })).toMatch(/"accountId" is missing.*environment variable/);
    expect(problemWith({ definitions: blank })).toMatch(/"appId" is missing.*"definitions"/);
    const endpoint = 'http://host/evaluate';
    expect(problemWith({ endpoint, accountId: blank, localEvaluation: true })).toMatch(
      /"accountId" is missing.*environment variable/,
    );
  });

  it('is in no conflict with other options', async () => {
    const blank = { appId: '', endpoint: ' ', baseUrl: '', authToken: '\n', definitionsCache: '' };
    expect(resolveProviderOptions({ ...blank, definitions: {} }).source.kind).toBe('static');
    expect(resolveProviderOptions({ ...app, endpoint: '' }).source.kind).toBe('remote');
    const { binding } = bindingWith(() => Promise.resolve({ value: true }));
    expect(resolveProviderOptions({ ...blank, definitions: '', binding }).source.kind).toBe('binding');
  });

  it('seeds the rollouts of definitions with the default account', () => {
    const { source } = resolveProviderOptions({ definitions: {}, accountId: ' ' });
    expect(source).toMatchObject({ accountId: 'local' });
  });
});

describe('white space around text', () => {
  const padded = {
    appId: ' shop\n',
    accountId: '\taccount\r\n',
    authToken: '\ufefftoken\n',
    baseUrl: ' http://host/api/ \n',
    secret: `${'x'.repeat(32)}\n`,
    headers: { 'x-tenant': ' shop\n' },
    fetchOptions: { headers: { 'x-other': '\tother\r\n' } },
  };

  it('is removed: the options count as without it', () => {
    const plain = {
      ...app,
      authToken: 'token',
      baseUrl: 'http://host/api',
      secret: 'x'.repeat(32),
      headers: { 'x-tenant': 'shop' },
      fetchOptions: { headers: { 'x-other': 'other' } },
    };
    expect(resolveProviderOptions(padded)).toEqual(resolveProviderOptions(plain));
    const secret = [`${'x'.repeat(32)}\n`, ` ${'y'.repeat(32)}`];
    expect(resolveProviderOptions({ ...app, secret }).secrets).toEqual(['x'.repeat(32), 'y'.repeat(32)]);
  });

  it('is removed from an endpoint and a path', () => {
    const { source } = resolveProviderOptions({
      endpoint: ' http://host/evaluate\n',
      accountId: 'account',
      localEvaluation: true,
      definitionsCache: '/tmp/kept.json\n',
    });
    expect(source).toMatchObject({ kind: 'polling', cacheFile: '/tmp/kept.json' });
    expect(resolveProviderOptions({ definitions: ' flags.json\n' }).source).toMatchObject({
      definitions: 'flags.json',
    });
  });

  it('is kept in a domain, which the code repeats', async () => {
    const module = (domain: string) => FlagshipModule.forRoot({ definitions: { a: true }, domain });
    const context = await apps.startContext({ imports: [module(' billing')] });
    expect(await context.get<FlagService>(getFlagsToken(' billing')).isEnabled('a')).toBe(true);
    await expect(apps.compile({ imports: [module(' ')] })).rejects.toThrow(/"domain" must be text/);
  });
});

describe('a token', () => {
  const headerOf = (authToken: string) => {
    const { source } = resolveProviderOptions({ ...app, authToken });
    return source.kind === 'remote' ? source.http.headers.authorization : undefined;
  };

  it.each([
    'x',
    'Bearer x',
    'bearer x',
    'BEARER   x',
    ' Bearer\tx\n',
    'Bearer\nx',
    'Bearer Bearer x',
    '\ufeffBearer x',
  ])('is taken without the scheme: %j', (authToken) => {
    expect(headerOf(authToken)).toBe('Bearer x');
  });

  it.each([
    ['bearerx', 'Bearer bearerx'],
    ['x Bearer y', 'Bearer x Bearer y'],
    ['a local secret', 'Bearer a local secret'],
  ])('may begin with or hold the word: %j', (authToken, header) => {
    expect(headerOf(authToken)).toBe(header);
  });

  it('is that of the local Flagship, with or without the scheme', async () => {
    const flagship = await servers.startFlagship({ flags: { a: true }, authToken: ' Bearer s3cret\n' });
    const { url: baseUrl, accountId, appId } = flagship;
    for (const authToken of ['s3cret', 'bearer s3cret', 's3cret\n']) {
      const provider = new FlagshipServerProvider({ baseUrl: `${baseUrl}/ `, accountId, appId, authToken });
      expect((await provider.resolveBooleanEvaluation('a', false, {})).value).toBe(true);
      await provider.onClose();
    }
    await expect(servers.startFlagship({ flags: {}, authToken: 'Bearer' })).rejects.toThrow(/"authToken"/);
    await expect(servers.startFlagship({ flags: {}, host: '0.0.0.0', authToken: ' ' })).rejects.toThrow(
      /token is needed/,
    );
  });

  it('of headersFactory may end in a line break, and none may hold one', async () => {
    const server = await servers.start({
      body: { flagKey: 'a', value: true, reason: 'STATIC', variant: 'on' },
    });
    const ask = async (authorization: string) => {
      const provider = new FlagshipServerProvider({
        endpoint: `${server.url}/evaluate`,
        retries: 0,
        headersFactory: () => ({ authorization }),
      });
      const details = await provider.resolveBooleanEvaluation('a', false, {});
      await provider.onClose();
      return details;
    };
    expect((await ask('Bearer s3cret\n')).value).toBe(true);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer s3cret']);
    const { value, errorCode, errorMessage } = await ask('Bearer s3cret\nx-injected: 1');
    expect([value, errorCode]).toEqual([false, 'GENERAL']);
    expect(errorMessage).toMatch(/"authorization" is not text that a header can hold/);
    expect(errorMessage).not.toContain('s3cret');
    expect(server.requests).toHaveLength(1);
  });
});

describe('the options of a module', () => {
  const definitions = { a: true };
  const start = (options: FlagshipModuleOptions) =>
    apps.startContext({ imports: [FlagshipModule.forRootAsync({ useFactory: () => options })] });

  const compile = (options: FlagshipModuleOptions) =>
    apps.compile({ imports: [FlagshipModule.forRootAsync({ useFactory: () => options })] });

  it('from the environment are read by forRoot and forRootAsync', async () => {
    const options = { definitions, appId: '', authToken: '\n', requestContext: { userId: '' } };
    for (const module of [
      FlagshipModule.forRoot(options),
      FlagshipModule.forRootAsync({ useFactory: () => options }),
      FlagshipModule.forRootAsync({ useFactory: () => Promise.resolve(options) }),
    ]) {
      const context = await apps.startContext({ imports: [module] });
      expect(await context.get(FlagService).isEnabled('a')).toBe(true);
    }
  });

  it('do not conflict with a provider where they are blank', async () => {
    const provider = new FlagshipServerProvider({ definitions });
    const context = await start({ provider, appId: ' ', authToken: '' });
    expect(await context.get(FlagService).isEnabled('a')).toBe(true);
    await provider.onClose();
  });

  it('stop the start where a required one is blank', async () => {
    await expect(compile({ appId: 'shop', accountId: '' })).rejects.toThrow(/"accountId" is missing/);
    await expect(compile({ appId: '', accountId: 'account' })).rejects.toThrow(/"appId" is missing/);
    await expect(compile({ ...app, authToken: 'a\nb' })).rejects.toThrow(
      /"authToken" must be a token on one line/,
    );
  });
});

describe('numbers and switches as text', () => {
  it.each([
    ['timeout', '5000', /"timeout" must be a number of milliseconds from 1 to 2147483647, but is "5000"/],
    ['retries', '3', /"retries" must be a whole number from 0 to \d+, but is "3"/],
    ['cacheMaxSize', '', /"cacheMaxSize" must be a whole number from 1 to 1000000, but is ""/],
    ['localEvaluation', 'true', /"localEvaluation" must be true or false, but is "true"/],
  ])('are refused with what is accepted: %s %j', (name, value, message) => {
    expect(problemWith({ ...app, [name]: value })).toMatch(message);
  });
});

describe('a base URL', () => {
  const hrefOf = (baseUrl: string) => {
    const { source } = resolveProviderOptions({ ...app, baseUrl });
    return source.kind === 'remote' ? source.http.endpoint.href : undefined;
  };

  it.each(['https://host/client/v4', 'https://host/client/v4/', 'https://host/'])(
    'may end as those of the cloudflare SDK and of wrangler do: %s',
    (baseUrl) => {
      expect(hrefOf(baseUrl)).toBe(hrefOf('https://host'));
    },
  );

  it('keeps every other path', () => {
    expect(hrefOf('https://host/gate/client/v4')).toBe(hrefOf('https://host/gate'));
    expect(hrefOf('https://host/client/v4x')).toContain('/client/v4x/client/v4/');
    expect(hrefOf('https://host/myclient/v4')).toContain('/myclient/v4/client/v4/');
  });
});
