import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { type Client, OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/server-sdk';
import { FlagService, type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { type LocalFlagship, startLocalFlagship } from 'nestjs-flagship/local';
import { closedPort } from '../fixtures/closed-port';
import { fixedFlag, fixedFlags, serves } from '../fixtures/definitions';
import { startShop } from '../fixtures/shop-app';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from '../fixtures/scripted-server';
import { waitUntil } from '../fixtures/wait-until';

interface Started {
  readonly provider: FlagshipServerProvider;
  readonly client: Client;
  /** The provider's events so far; with their keys, where they have any. */
  readonly events: string[];
  readonly value: (key: string, defaultValue?: string) => Promise<string>;
  readonly codeOf: (key: string) => Promise<string | undefined>;
}

const DOMAIN = 'local-evaluation';
const never = () => undefined;
const page = '<!DOCTYPE html><html><body>Bad gateway</body></html>';
/** Never due while a test runs. */
const SELDOM = 60_000;

let server: ScriptedServer;
let warnings: string[];

beforeAll(async () => {
  server = await startScriptedServer();
});
beforeEach(() => {
  warnings = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => {
    warnings.push(String(message));
  });
});
afterEach(async () => {
  await OpenFeature.clearProviders();
  jest.restoreAllMocks();
});
afterAll(() => server.close());

function create(options: Partial<FlagshipProviderOptions> = {}): FlagshipServerProvider {
  return new FlagshipServerProvider({
    endpoint: `${server.url}/evaluate`,
    accountId: 'account',
    localEvaluation: true,
    refreshInterval: SELDOM,
    retries: 0,
    ...options,
  });
}

function follow(provider: FlagshipServerProvider): Started {
  const events: string[] = [];
  const tell = (event: string) => (details?: object) => {
    const { flagsChanged = [] } = (details ?? {}) as { flagsChanged?: string[] };
    events.push([event, ...flagsChanged.toSorted()].join(' '));
  };
  provider.events.addHandler(ProviderEvents.Ready, tell('ready'));
  provider.events.addHandler(ProviderEvents.Stale, tell('stale'));
  provider.events.addHandler(ProviderEvents.Error, tell('error'));
  provider.events.addHandler(ProviderEvents.ConfigurationChanged, tell('changed'));
  const client = OpenFeature.getClient(DOMAIN);
  return {
    provider,
    client,
    events,
    value: (key, defaultValue = 'default') => client.getStringValue(key, defaultValue),
    codeOf: async (key) => (await client.getStringDetails(key, 'default')).errorCode,
  };
}

/** Registers a provider, whether or not its start succeeds. */
async function start(
  options?: Partial<FlagshipProviderOptions>,
  provider = create(options),
): Promise<Started> {
  const started = follow(provider);
  await OpenFeature.setProviderAndWait(DOMAIN, provider).catch(never);
  return started;
}

describe('loading', () => {
  it('asks for the definitions once, beside the evaluation URL, with the token', async () => {
    server.script(serves(fixedFlags({ a: 'one' })));
    const { value, client } = await start({ endpoint: `${server.url}/v1/evaluate?key=x`, authToken: 't' });
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    for (let round = 0; round < 3; round++) expect(await value('a')).toBe('one');
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: 'GET',
      url: '/v1/definitions?key=x',
      headers: { authorization: 'Bearer t' },
    });
    expect(server.requests[0]?.headers['if-none-match']).toBeUndefined();
  });

  it('finds the definitions of an app by its names', async () => {
    server.script(serves({}));
    await start({ endpoint: undefined, appId: 'a b', accountId: 'c/d', baseUrl: server.url });
    expect(server.requests[0]?.url).toBe('/client/v4/accounts/c%2Fd/flagship/apps/a%20b/definitions');
  });

  it('works through a fetch of the user’s, tags included', async () => {
    server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { provider, value } = await start({ fetch: (...args) => globalThis.fetch(...args) });
    expect(await provider.refresh()).toBe(true);
    expect(server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
    expect(await value('a')).toBe('one');
  });

  it('evaluates for the context, in this process', async () => {
    const flag = {
      ...fixedFlag('a', 'off'),
      variations: { fixed: 'off', on: 'on' },
      rules: [
        { conditions: [{ attribute: 'user.plan', operator: 'equals', value: 'pro' }], serve_variation: 'on' },
      ],
    };
    server.script(serves({ a: flag }));
    const { client } = await start();
    expect(await client.getStringDetails('a', 'x', { user: { plan: 'pro' } })).toMatchObject({
      value: 'on',
      variant: 'on',
      reason: 'TARGETING_MATCH',
    });
    expect(await client.getStringDetails('a', 'x', { user: { plan: 'free' } })).toMatchObject({
      value: 'off',
      variant: 'fixed',
      reason: 'DEFAULT',
    });
    expect(server.requests).toHaveLength(1);
  });

  it('hands out copies: what a caller does to an object changes nobody’s answer', async () => {
    server.script(serves(fixedFlags({ look: { colours: ['teal'] } })));
    const { client } = await start();
    const first = await client.getObjectValue<{ colours: string[] }>('look', { colours: [] });
    first.colours.push('red');
    expect(await client.getObjectValue('look', {})).toEqual({ colours: ['teal'] });
  });

  it('lets one malformed flag answer PARSE_ERROR; the others work', async () => {
    server.script(
      serves({
        ...fixedFlags({ good: 'one' }),
        shapeless: 7,
        nothing: null,
        halved: { key: 'halved', enabled: true },
        misspelt: { ...fixedFlag('misspelt', 'x'), default_variation: 'fxied' },
      }),
    );
    const { client, value, codeOf } = await start();
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(await value('good')).toBe('one');
    for (const key of ['shapeless', 'nothing', 'halved', 'misspelt'])
      expect(await codeOf(key)).toBe('PARSE_ERROR');
    expect(await codeOf('absent')).toBe('FLAG_NOT_FOUND');
  });

  it('lets a flag that is nested absurdly deep spoil no other, at the load and at a refresh', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const text = JSON.stringify(fixedFlags({ good: 'one', deep: 'here' })).replace('"here"', deep);
    server.script({ body: `{"flags":${text}}` });
    const { client, provider, value } = await start();
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(await value('good')).toBe('one');
    expect(await client.getObjectDetails('deep', { mine: true })).toHaveProperty('value');
    expect(await provider.refresh()).toBe(true);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  it('has the documented answers before the first load', async () => {
    server.script(never);
    const provider = create();
    const start = provider.initialize().catch(never);
    expect(await provider.resolveStringEvaluation('a', 'default', {})).toMatchObject({
      value: 'default',
      reason: 'ERROR',
      errorCode: 'PROVIDER_NOT_READY',
    });
    await provider.onClose();
    await start;
  });
});

describe('refreshing', () => {
  it('names the tag, and takes 304 for an answer', async () => {
    server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { provider, events, value } = await start();
    expect(await provider.refresh()).toBe(true);
    expect(await provider.refresh()).toBe(true);
    expect(server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"', '"1"']);
    expect(await value('a')).toBe('one');
    expect(events).toEqual([]);
  });

  it('names the newest tag, and none where the last answer had none', async () => {
    server.script(serves({}, '"1"'), serves({}, 'W/"2"'), serves({}), serves({}));
    const { provider } = await start();
    for (let round = 0; round < 3; round++) await provider.refresh();
    expect(server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      '"1"',
      'W/"2"',
      undefined,
    ]);
  });

  it('happens by itself, again and again', async () => {
    server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { value } = await start({ refreshInterval: 10 });
    await server.received(5);
    server.script(serves(fixedFlags({ a: 'two' }), '"2"'));
    await waitUntil(async () => (await value('a')) === 'two', 'the edit arrives');
  });

  it('tells exactly the keys that changed', async () => {
    server.script(serves(fixedFlags({ same: 1, edited: 'before', removed: true, nested: { a: [1] } })));
    const { provider, events } = await start();
    server.script(serves(fixedFlags({ added: null, edited: 'after', same: 1, nested: { a: [2] } })));
    await provider.refresh();
    expect(events).toEqual(['changed added edited nested removed']);
    await provider.refresh();
    expect(events).toHaveLength(1);
    server.script(serves({}));
    await provider.refresh();
    expect(events.slice(1)).toEqual(['changed added edited nested same']);
  });

  it('tells a change in rules, in the switch and in the default', async () => {
    const flag = fixedFlag('x', true);
    const rule = { conditions: [], serve_variation: 'fixed' };
    const flags = { rules: flag, enabled: flag, other: flag, broken: flag };
    server.script(serves(flags));
    const { provider, events } = await start();
    server.script(
      serves({
        ...flags,
        rules: { ...flag, rules: [rule] },
        enabled: { ...flag, enabled: false },
        broken: 7,
      }),
    );
    await provider.refresh();
    expect(events).toEqual(['changed broken enabled rules']);
  });

  const failures: readonly (readonly [string, ScriptedAnswer])[] = [
    ['503', { status: 503 }],
    ['401', { status: 401 }],
    ['404', { status: 404 }],
    ['a cut connection', (response) => void response.destroy()],
    ['a page', { body: page }],
    ['text that is not JSON', { body: '{"flags":{' }],
    ['nothing', { body: '' }],
    ['no flags', { body: { result: {} } }],
    ['flags that are a list', { body: { flags: [] } }],
    ['flags that are null', { body: { flags: null } }],
    ['a list', { body: [] }],
    ['null', { body: 'null' }],
    ['304 to a question without a tag', { status: 304 }],
    ['over 32 MB', { body: `{"flags":{},"more":"${'x'.repeat(33 * 1024 * 1024)}"}` }],
  ];
  it.each(failures)(
    'keeps the last good flags through %s, says so once, and recovers',
    async (_, failure) => {
      server.script(serves(fixedFlags({ a: 'one' })));
      const { provider, client, events, value } = await start();
      server.script(failure);
      expect(await provider.refresh()).toBe(false);
      expect(await provider.refresh()).toBe(false);
      expect(events).toEqual(['stale']);
      expect(client.providerStatus).toBe(ProviderStatus.STALE);
      expect(await value('a')).toBe('one');
      server.script(serves(fixedFlags({ a: 'two' })));
      expect(await provider.refresh()).toBe(true);
      expect(await value('a')).toBe('two');
      expect(events).toEqual(['stale', 'changed a', 'ready']);
      expect(client.providerStatus).toBe(ProviderStatus.READY);
    },
  );

  it('recovers by 304 as well', async () => {
    server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { provider, events, client } = await start();
    server.script({ status: 503 });
    await provider.refresh();
    server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    expect(await provider.refresh()).toBe(true);
    expect(server.requests[0]?.headers['if-none-match']).toBe('"1"');
    expect(events).toEqual(['stale', 'ready']);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  it('goes on by itself after a failure', async () => {
    server.script(serves(fixedFlags({ a: 'one' })), { status: 503 }, serves(fixedFlags({ a: 'two' })));
    const { events, value } = await start({ refreshInterval: 10 });
    await waitUntil(async () => (await value('a')) === 'two', 'it recovers');
    await waitUntil(() => events.includes('ready'), 'it says so');
    expect(events).toEqual(['stale', 'changed a', 'ready']);
  });

  it('repeats a request that fails, as evaluations do', async () => {
    server.script({ status: 503 }, serves(fixedFlags({ a: 'one' })));
    const { value } = await start({ retries: 1, retryDelay: 0 });
    expect(await value('a')).toBe('one');
  });

  it('says in one sentence what is too large', async () => {
    server.script({ body: `{"flags":{},"more":"${'x'.repeat(33 * 1024 * 1024)}"}` });
    const provider = create();
    await expect(provider.initialize()).rejects.toThrow('The answer is larger than 33554432 bytes');
    await provider.onClose();
  });
});

describe('FlagService.refresh()', () => {
  let flagship: LocalFlagship;
  beforeEach(async () => {
    flagship = await startLocalFlagship({ flags: { 'home-page': 'classic' } });
  });
  afterEach(() => flagship.close());

  it('pulls now; true, then false when Flagship is away or the application is closed', async () => {
    const { url: baseUrl, appId, accountId } = flagship;
    const app = await startShop({ baseUrl, appId, accountId, localEvaluation: true, retries: 0 });
    const flags = app.get(FlagService);
    expect(await flags.getStringValue('home-page', '?')).toBe('classic');
    flagship.setFlags({ 'home-page': 'modern' });
    expect(await flags.refresh()).toBe(true);
    expect(await flags.getStringValue('home-page', '?')).toBe('modern');
    await flagship.close();
    expect(await flags.refresh()).toBe(false);
    expect(await flags.getStringValue('home-page', '?')).toBe('modern');
    await app.close();
    expect(await flags.getStringValue('home-page', '?')).toBe('?');
  });

  it('has nothing to do, and says so, where every evaluation asks anew', async () => {
    const { url: baseUrl, appId, accountId } = flagship;
    const app = await startShop({ baseUrl, appId, accountId });
    expect(await app.get(FlagService).refresh()).toBe(true);
    await app.close();
  });

  it('joins a refresh that is under way', async () => {
    server.script(serves({}));
    const { provider } = await start();
    server.script(serves({}));
    expect(await Promise.all([provider.refresh(), provider.refresh(), provider.refresh()])).toEqual([
      true,
      true,
      true,
    ]);
    expect(server.requests).toHaveLength(1);
    await provider.refresh();
    expect(server.requests).toHaveLength(2);
  });

  it('is false once the provider is closed, without asking', async () => {
    server.script(serves({}));
    const { provider } = await start();
    await provider.onClose();
    expect(await provider.refresh()).toBe(false);
    expect(server.requests).toHaveLength(1);
  });
});

describe('a start without Flagship', () => {
  it.each([401, 403])('is fatal with HTTP %i, and not repeated', async (status) => {
    server.script({ status });
    const { client, codeOf } = await start({ refreshInterval: 1, retries: 3, retryDelay: 0 });
    expect(client.providerStatus).toBe(ProviderStatus.FATAL);
    expect(await codeOf('a')).toBe('PROVIDER_FATAL');
    // Another provider with the same interval has asked several times meanwhile.
    server.script(serves({}));
    const other = create({ refreshInterval: 1, headers: { 'x-other': '1' } });
    await other.initialize();
    await server.received(5);
    await other.onClose();
    expect(server.requests.filter(({ headers }) => headers['x-other'] === undefined)).toEqual([]);
  });

  const failures: readonly (readonly [string, ScriptedAnswer])[] = [
    ['503', { status: 503 }],
    ['404', { status: 404 }],
    ['a cut connection', (response) => void response.destroy()],
    ['a page', { body: page }],
    ['no flags', { body: {} }],
    ['no answer in time', never],
  ];
  it.each(failures)(
    'answers defaults after %s until the flags come alive by themselves',
    async (_, failure) => {
      server.script(failure);
      const { client, value, codeOf, events } = await start({ refreshInterval: 20, timeout: 200 });
      expect(client.providerStatus).toBe(ProviderStatus.ERROR);
      expect(await codeOf('a')).toBe('PROVIDER_NOT_READY');
      expect(await value('a', 'mine')).toBe('mine');
      server.script(serves(fixedFlags({ a: 'one' })));
      await waitUntil(async () => (await value('a')) === 'one', 'the flags come alive');
      await waitUntil(() => events.length > 0, 'the event');
      expect(events).toEqual(['ready']);
      expect(client.providerStatus).toBe(ProviderStatus.READY);
    },
  );

  it('lets the application start, and its flags come alive', async () => {
    const port = await closedPort();
    const app = await startShop({
      endpoint: `http://127.0.0.1:${port}/evaluate`,
      accountId: 'account',
      localEvaluation: true,
      refreshInterval: 20,
      retries: 0,
      domain: 'late',
    });
    const flags = app.get(FlagService);
    expect(await flags.getStringDetails('home-page', 'classic')).toMatchObject({
      value: 'classic',
      errorCode: 'PROVIDER_NOT_READY',
    });
    expect(warnings).toEqual([expect.stringMatching(/did not start.*cannot be reached/)]);
    const late = await startLocalFlagship({ flags: { 'home-page': 'modern' }, accountId: 'account', port });
    // The port is served now, but not under this path: still no flags.
    expect(await flags.refresh()).toBe(false);
    await late.close();
    await app.close();
  });

  it('comes alive by refresh() as well', async () => {
    server.script({ status: 503 });
    const { provider, value, events } = await start();
    server.script(serves(fixedFlags({ a: 'one' })));
    expect(await provider.refresh()).toBe(true);
    expect(await value('a')).toBe('one');
    expect(events).toEqual(['ready']);
  });
});

describe('closing', () => {
  it('drops the flags', async () => {
    server.script(serves(fixedFlags({ a: 'one' })));
    const { provider } = await start();
    await provider.onClose();
    expect(await provider.resolveStringEvaluation('a', 'default', {})).toMatchObject({
      value: 'default',
      errorCode: 'PROVIDER_NOT_READY',
    });
  });

  it('ignores a refresh under way, and the answer that comes for it', async () => {
    server.script(serves(fixedFlags({ a: 'one' })));
    let answer: ServerResponse | undefined;
    const fetch: typeof globalThis.fetch = async (url, init) =>
      // One that does not listen to its signal: the answer does arrive after the end.
      globalThis.fetch(url, { ...init, signal: undefined });
    const { provider, events } = await start({ fetch });
    server.script((response) => void (answer = response));
    const refresh = provider.refresh();
    await server.received(1);
    await provider.onClose();
    expect(await refresh).toBe(false);
    const finished = once(answer!, 'finish');
    answer!.end(JSON.stringify({ flags: fixedFlags({ a: 'late' }) }));
    await finished;
    expect(events).toEqual([]);

    server.script(never);
    const reopened = provider.initialize().catch(never);
    await server.received(1);
    expect((await provider.resolveStringEvaluation('a', 'default', {})).value).toBe('default');
    await provider.onClose();
    await reopened;
  });

  it('ends a start under way', async () => {
    server.script(never);
    const provider = create();
    const start = provider.initialize();
    const failed = expect(start).rejects.toThrow(/closed/);
    await server.received(1);
    await provider.onClose();
    await failed;
  });

  it('can be followed by opening again, with an unconditional load', async () => {
    server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { provider, events } = await start();
    await provider.onClose();
    server.script(serves(fixedFlags({ a: 'two' }), '"1"'));
    await provider.initialize();
    expect(server.requests[0]?.headers['if-none-match']).toBeUndefined();
    expect((await provider.resolveStringEvaluation('a', 'default', {})).value).toBe('two');
    expect(await provider.refresh()).toBe(true);
    expect(events).toEqual([]);
  });

  it('can be followed by opening again while the closing is still going on', async () => {
    server.script(serves(fixedFlags({ a: 'one' })));
    const { provider } = await start();
    const closed = provider.onClose();
    const opened = provider.initialize();
    await Promise.all([closed, opened]);
    expect((await provider.resolveStringEvaluation('a', 'default', {})).value).toBe('one');
    expect(await provider.refresh()).toBe(true);
  });

  it('stops the timer: another provider goes on asking, the closed one does not', async () => {
    server.script(serves({}));
    const provider = create({ refreshInterval: 2, headers: { 'x-closed': '1' } });
    await provider.initialize();
    await server.received(3);
    await provider.onClose();
    expect(await strays()).toBe(0);
  });

  it('waits for definitions that are being kept on disk, and leaves no timer behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flagship-'));
    const filler = Array.from({ length: 800 }, (_, index) => [`flag-${index}`, 'x'.repeat(10_000)]);
    server.script(serves(fixedFlags(Object.fromEntries(filler))));
    const provider = create({
      refreshInterval: 2,
      headers: { 'x-closed': '1' },
      definitionsCache: join(folder, 'kept.json'),
    });
    let hasStarted = false;
    const start = provider.initialize().then(() => (hasStarted = true), never);
    await waitUntil(() => readdirSync(folder).length > 0, 'the file is being written');
    expect(hasStarted).toBe(false);
    await provider.onClose();
    const left = readdirSync(folder);
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await start;
    expect(readdirSync(folder)).toEqual(left);
    expect(await strays()).toBe(0);
    rmSync(folder, { recursive: true });
  });

  /** Requests of the closed provider while another one with its interval sends several. */
  async function strays(): Promise<number> {
    server.script(serves({}));
    const other = create({ refreshInterval: 2 });
    await other.initialize();
    await server.received(20);
    await other.onClose();
    return server.requests.filter(({ headers }) => headers['x-closed'] === '1').length;
  }
});

describe('definitionsCache', () => {
  let folder: string;
  let definitionsCache: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flagship-'));
    definitionsCache = join(folder, 'kept.json');
  });
  afterEach(() => {
    chmodSync(folder, 0o700);
    // A provider that is closed after this may still be writing.
    rmSync(folder, { recursive: true, maxRetries: 10 });
  });

  const loadOnce = async (flags: Record<string, unknown>, options: Partial<FlagshipProviderOptions> = {}) => {
    server.script(serves(flags, '"1"'));
    const provider = create({ definitionsCache, ...options });
    await provider.initialize();
    await provider.onClose();
  };
  const away = { status: 503 };

  it('is written whole, for its owner only, and leaves no drafts', async () => {
    await loadOnce(fixedFlags({ a: 'one' }), { authToken: 's3cret' });
    expect(statSync(definitionsCache).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['kept.json']);
    expect(readFileSync(definitionsCache, 'utf8')).toContain('one');
    expect(readFileSync(definitionsCache, 'utf8')).not.toContain('s3cret');
    expect(warnings).toEqual([]);
  });

  it('is replaced as a whole: whoever has it open reads the old one to its end', async () => {
    await loadOnce(fixedFlags({ a: 'one' }));
    const { ino } = statSync(definitionsCache);
    writeFileSync(join(folder, 'held'), '');
    await loadOnce(fixedFlags({ a: 'two' }));
    expect(statSync(definitionsCache).ino).not.toBe(ino);
    expect(readFileSync(definitionsCache, 'utf8')).toContain('two');
  });

  it('is narrowed to its owner when it was open to others', async () => {
    writeFileSync(definitionsCache, '{}', { mode: 0o644 });
    await loadOnce({});
    expect(statSync(definitionsCache).mode & 0o777).toBe(0o600);
  });

  it('follows each change, and only changes', async () => {
    server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { provider } = await start({ definitionsCache });
    const before = statSync(definitionsCache);
    await provider.refresh();
    expect(statSync(definitionsCache).ino).toBe(before.ino);
    server.script(serves(fixedFlags({ a: 'two' }), '"2"'));
    await provider.refresh();
    expect(readFileSync(definitionsCache, 'utf8')).toContain('two');
    server.script({ body: page });
    await provider.refresh();
    expect(readFileSync(definitionsCache, 'utf8')).toContain('two');
  });

  it('stands in when Flagship is away at start: stale, with a warning; then recovers', async () => {
    await loadOnce(fixedFlags({ a: 'one', b: 'same' }));
    server.script(away);
    const { provider, client, events, value } = await start({ definitionsCache });
    expect(client.providerStatus).toBe(ProviderStatus.STALE);
    expect(events).toEqual(['stale']);
    expect(warnings).toEqual([expect.stringMatching(/cannot be asked.*kept on disk.*503/)]);
    expect(await value('a')).toBe('one');
    expect(await provider.refresh()).toBe(false);
    expect(events).toEqual(['stale']);
    server.script(serves(fixedFlags({ a: 'two', b: 'same' })));
    expect(await provider.refresh()).toBe(true);
    expect(events).toEqual(['stale', 'changed a', 'ready']);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  it('lets an application start with the flags of yesterday, and recover by itself', async () => {
    await loadOnce(fixedFlags({ 'home-page': 'kept' }));
    server.script(away);
    const told: string[] = [];
    const app = await startShop({
      endpoint: `${server.url}/evaluate`,
      accountId: 'account',
      localEvaluation: true,
      refreshInterval: 20,
      retries: 0,
      definitionsCache,
      handlers: [
        [ProviderEvents.Stale, () => void told.push('stale')],
        [ProviderEvents.Ready, () => void told.push('ready')],
      ],
    });
    const flags = app.get(FlagService);
    expect(told).toEqual(['stale']);
    expect(await flags.getStringValue('home-page', '?')).toBe('kept');
    const page = (): Promise<string> => flags.getStringValue('home-page', '?');
    server.script(serves(fixedFlags({ 'home-page': 'fresh' })));
    await waitUntil(async () => (await page()) === 'fresh', 'it recovers');
    await waitUntil(() => told.length > 1, 'it says so');
    expect(told).toEqual(['stale', 'ready']);
    await app.close();
  });

  it('does not stand in for a refused token', async () => {
    await loadOnce(fixedFlags({ a: 'one' }));
    server.script({ status: 401 });
    const { client, codeOf } = await start({ definitionsCache });
    expect(client.providerStatus).toBe(ProviderStatus.FATAL);
    expect(await codeOf('a')).toBe('PROVIDER_FATAL');
  });

  const kept = (content: object) => JSON.stringify({ format: 1, definitions: '{"flags":{}}', ...content });
  const unusable: readonly (readonly [string, (() => string) | undefined, RegExp])[] = [
    ['that is not there', undefined, /ENOENT/],
    ['that is cut short', () => '{"format":1,"ori', /JSON/],
    ['that is empty', () => '', /JSON/],
    ['of another format', () => kept({ format: 2, origin: `${server.url}/evaluate` }), /not a file of kept/],
    ['that is a flags file', () => '{"flags":{"a":"x"}}', /not a file of kept/],
    ['that is a list', () => '[]', /not a file of kept/],
    ['of another app', () => kept({ origin: `${server.url}/other/evaluate` }), /another app/],
    [
      'whose definitions are broken',
      () => kept({ origin: `${server.url}/evaluate`, definitions: '{' }),
      /JSON/,
    ],
    [
      'without flags',
      () => kept({ origin: `${server.url}/evaluate`, definitions: '{}' }),
      /no object "flags"/,
    ],
  ];
  it.each(unusable)('is refused with a warning: a file %s', async (_, content, problem) => {
    if (content !== undefined) writeFileSync(definitionsCache, content());
    server.script(away);
    const { client, codeOf, value } = await start({ definitionsCache, refreshInterval: 20 });
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    expect(await codeOf('a')).toBe('PROVIDER_NOT_READY');
    expect(warnings).toEqual([expect.stringMatching(/"definitionsCache"\) cannot be used/)]);
    expect(warnings[0]).toMatch(problem);
    server.script(serves(fixedFlags({ a: 'one' })));
    await waitUntil(async () => (await value('a')) === 'one', 'the flags come alive');
  });

  it('only warns when it cannot be written', async () => {
    server.script(serves(fixedFlags({ a: 'one' })));
    const { client, value } = await start({ definitionsCache: join(folder, 'no', 'such', 'folder.json') });
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(await value('a')).toBe('one');
    expect(warnings).toEqual([expect.stringMatching(/could not be kept.*"definitionsCache".*ENOENT/)]);
  });

  it('leaves no draft when it cannot take the file’s place', async () => {
    definitionsCache = folder;
    server.script(serves({}));
    await start({ definitionsCache });
    expect(warnings).toEqual([expect.stringMatching(/could not be kept/)]);
    expect(readdirSync(tmpdir()).filter((name) => join(tmpdir(), name).startsWith(`${folder}.`))).toEqual([]);
    expect(existsSync(folder)).toBe(true);
  });
});
