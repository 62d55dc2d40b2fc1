import { OpenFeature, ProviderStatus } from '@openfeature/server-sdk';
import { createCache } from 'cache-manager';
import { type CacheStore, type FlagshipProviderOptions, type FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil } from '../../../tools/waiting.cjs';
import { useLog } from '../../fixtures/captured-log';
import { fixedFlags, serves } from '../../fixtures/definitions';
import { useFakeTime } from '../../fixtures/fake-time';
import { openProviders, times } from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useProcessWatch } from '../../fixtures/use-process-watch';
import { useServer } from '../../fixtures/use-server';

const SELDOM = 60_000;
const DAY = 24 * 3_600_000;
const INSTANCES = 5;

const servers = useServer();
let server: ScriptedServer;
const lines = useLog();
const stopTime = useFakeTime();
const openAny = openProviders(() => server);
useProcessWatch();

beforeAll(async () => (server = await servers.start()));
afterEach(async () => {
  await OpenFeature.clearProviders();
});

const open = (options: Partial<FlagshipProviderOptions>): FlagshipServerProvider =>
  openAny({ localEvaluation: true, accountId: 'account', refreshInterval: SELDOM, ...options });
const valueOf = async (provider: FlagshipServerProvider) => {
  const { value, errorCode } = await provider.resolveStringEvaluation('flag', 'default', {});
  return errorCode ?? value;
};
const downloadsOf = (provider: FlagshipServerProvider): number => provider.stats().upstream?.requests ?? 0;
const unconditional = (): number =>
  server.requests.filter(({ headers }) => headers['if-none-match'] === undefined).length;
const flag = (value: string, etag?: string) => serves(fixedFlags({ flag: value }), etag);

async function startAll(options: Partial<FlagshipProviderOptions>): Promise<FlagshipServerProvider[]> {
  const all: FlagshipServerProvider[] = [];
  for (let index = 0; index < INSTANCES; index++) {
    const provider = open(options);
    await provider.initialize();
    all.push(provider);
  }
  return all;
}

const storeOf = (entries: Map<string, unknown>): CacheStore => ({
  get: async (key) => entries.get(key),
  set: async (key, value) => void entries.set(key, value),
});
/** The other one asked long ago: this one has to ask for itself. */
const laterBy = (time: number) => {
  const now = Date.now.bind(Date);
  const elapsed = performance.now.bind(performance);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + time);
  jest.spyOn(performance, 'now').mockImplementation(() => elapsed() + time);
};

describe('instances that share definitions', () => {
  const INTERVAL = 200;
  const STEP = 10;

  it('have one of them ask Flagship for all of them, and all follow a change', async () => {
    server.script(flag('one', '"1"'));
    const time = stopTime();
    const all = await startAll({ refreshInterval: INTERVAL, cacheStore: createCache() });
    expect(server.requests).toHaveLength(1);
    for (const provider of all) expect(await valueOf(provider)).toBe('one');
    /** A step of time, after which all requests have been answered: the machine's pace decides nothing. */
    const step = async (): Promise<void> => {
      await time.advance(STEP);
      const isIdle = () => all.every((provider) => provider.stats().upstream?.inFlight === 0);
      await waitUntil(isIdle, 'all requests have been answered');
    };

    const start = performance.now();
    while (server.requests.length < 6) await step();
    const intervals = (performance.now() - start) / INTERVAL;
    // Each for itself would have asked five times as often.
    expect(server.requests.length - 1).toBeLessThan(intervals * (INSTANCES / 2));
    expect(unconditional()).toBe(1);

    server.script(flag('two', '"2"'));
    for (const provider of all) while ((await valueOf(provider)) !== 'two') await step();
    expect(unconditional()).toBe(0);
    expect(lines).toEqual([]);
  });

  it('go on when the one that asks is closed: another one takes over', async () => {
    server.script(flag('one', '"1"'));
    const all = await startAll({ refreshInterval: INTERVAL, cacheStore: createCache() });
    const asks = all.find((provider) => downloadsOf(provider) > 0);
    await asks?.onClose();
    const others = all.filter((provider) => provider !== asks);
    expect(others).toHaveLength(INSTANCES - 1);
    server.script(flag('two', '"2"'));
    for (const provider of others)
      await waitUntil(async () => (await valueOf(provider)) === 'two', 'the change');
    expect(server.requests.length).toBeGreaterThan(0);
  });

  it('ask Flagship themselves on refresh()', async () => {
    server.script(flag('one', '"1"'));
    const all = await startAll({ cacheStore: createCache() });
    server.script(flag('two', '"2"'));
    const second = all[1]!;
    expect(await second.refresh()).toBe(true);
    expect(await valueOf(second)).toBe('two');
    // The others hear of it at their next interval; the next instance at once.
    const cacheStore = createCache();
    expect(await valueOf((await startAll({ cacheStore }))[0]!)).toBe('two');
  });

  it('of two apps share nothing', async () => {
    const other = await servers.start(flag('other'));
    const cacheStore = createCache();
    server.script(flag('one'));
    const names = { endpoint: undefined, appId: 'shop', cacheStore };
    const all = [
      open({ ...names, baseUrl: server.url }),
      open({ ...names, baseUrl: server.url, appId: 'shop-2' }),
      open({ ...names, baseUrl: server.url, accountId: 'account-2' }),
      open({ ...names, baseUrl: other.url }),
    ];
    for (const provider of all) await provider.initialize();
    expect(await Promise.all(all.map(valueOf))).toEqual(['one', 'one', 'one', 'other']);
    expect([server.requests.length, other.requests.length]).toEqual([3, 1]);
  });

  it('do not download everything again and again for a store that forgets', async () => {
    server.script(flag('one', '"1"'));
    for (const cacheStore of [
      { get: async () => undefined, set: async () => undefined },
      { get: async () => 'garbage', set: async () => undefined },
    ]) {
      const all = times(2, () => open({ refreshInterval: 20, cacheStore }));
      for (const provider of all) await provider.initialize();
      await waitUntil(() => all.every((provider) => downloadsOf(provider) >= 6), 'each asks again and again');
      expect(unconditional()).toBeLessThanOrEqual(2);
      for (const provider of all) await provider.onClose();
      server.script(flag('one', '"1"'));
    }
  });

  it('put the definitions back into a store that has lost them, some minutes later', async () => {
    server.script(flag('one', '"1"'));
    const entries = new Map<string, unknown>();
    const provider = open({ cacheStore: storeOf(entries) });
    await provider.initialize();
    await waitUntil(() => entries.size === 2, 'the definitions are there');
    const [before] = entries.values();
    entries.clear();
    expect(await provider.refresh()).toBe(true);
    expect([unconditional(), entries.size]).toEqual([1, 0]);
    laterBy(DAY / 24);
    expect(await provider.refresh()).toBe(true);
    await waitUntil(() => entries.size === 2, 'the definitions are there again');
    expect(unconditional()).toBe(2);
    expect([...entries.values()]).toContain(before);
  });

  it('ask for themselves, with their ETag, while the store is broken', async () => {
    server.script(flag('one', '"1"'));
    const fail = () => Promise.reject(new Error('broken'));
    const all = await startAll({ refreshInterval: 50, cacheStore: { get: fail, set: fail } });
    await waitUntil(() => all.every((provider) => downloadsOf(provider) >= 4), 'each asks again and again');
    expect(unconditional()).toBe(INSTANCES);
    expect(lines.filter((line) => line.includes('cacheStore'))).toHaveLength(INSTANCES);
    server.script(flag('two', '"2"'));
    for (const provider of all)
      await waitUntil(async () => (await valueOf(provider)) === 'two', 'the change');
  });

  it('are not held up by a store that hangs', async () => {
    server.script(flag('one', '"1"'));
    const hang = () => new Promise<never>(() => undefined);
    const [provider] = await startAll({ refreshInterval: 50, cacheStore: { get: hang, set: hang } });
    server.script(flag('two', '"2"'));
    await waitUntil(async () => (await valueOf(provider!)) === 'two', 'the change');
  });
});

describe('an instance that starts while Flagship is down', () => {
  /** A store as another instance has left it. */
  async function filled(): Promise<Map<string, unknown>> {
    const entries = new Map<string, unknown>();
    server.script(flag('kept', '"1"'));
    const provider = open({ cacheStore: storeOf(entries) });
    await provider.initialize();
    await waitUntil(() => entries.size === 2, 'the definitions are there');
    await provider.onClose();
    server.script({ status: 503 });
    return entries;
  }
  it('uses the definitions in the store, which are stale, logs a warning, and recovers', async () => {
    const entries = await filled();
    laterBy(DAY);
    const provider = open({ cacheStore: storeOf(entries), refreshInterval: 50 });
    await OpenFeature.setProviderAndWait('shared', provider);
    const client = OpenFeature.getClient('shared');
    expect(await valueOf(provider)).toBe('kept');
    await waitUntil(() => client.providerStatus === ProviderStatus.STALE, 'the status');
    expect(lines).toEqual([
      expect.stringMatching(/^warn .*definitions in the shared store are used.*HTTP 503/),
    ]);
    server.script(flag('new', '"2"'));
    await waitUntil(async () => (await valueOf(provider)) === 'new', 'Flagship is back');
    await waitUntil(() => client.providerStatus === ProviderStatus.READY, 'the status');
  });

  it.each<readonly [string, (entries: Map<string, unknown>, head: string, text: string) => void]>([
    ['is empty', (entries) => entries.clear()],
    ['holds garbage for both', (entries, head, text) => void entries.set(head, '?').set(text, 7)],
    ['has lost the text', (entries, _, text) => void entries.delete(text)],
    ['has lost the head', (entries, head) => void entries.delete(head)],
    ['holds another text than the head says', (entries, _, text) => void entries.set(text, '{"flags":{}}')],
    ['holds a text that is no text', (entries, _, text) => void entries.set(text, { flags: {} })],
    ['holds a head without a time', (entries, head) => void entries.set(head, '{"by":"x","print":"y"}')],
    [
      'holds a head with a poisoned tag',
      (entries, head) =>
        void entries.set(head, String(entries.get(head)).replace(/"etag":"[^,]*"/, '"etag":"x\\r\\ny: z"')),
    ],
  ])('starts as without a store when it %s', async (_, spoil) => {
    const entries = await filled();
    const [text, head] = [...entries.keys()].toSorted((one, other) => other.length - one.length);
    expect(text).toMatch(/text$/);
    spoil(entries, head!, text!);
    const provider = open({ cacheStore: storeOf(entries), refreshInterval: 50 });
    await expect(provider.initialize()).rejects.toThrow(/HTTP 503/);
    expect(await valueOf(provider)).toBe('PROVIDER_NOT_READY');
    server.script(flag('new', '"2"'));
    await waitUntil(async () => (await valueOf(provider)) === 'new', 'Flagship is back');
    expect(server.requests[0]?.headers['if-none-match']).toBeUndefined();
  });

  it('does not use definitions that are older than a week', async () => {
    const entries = await filled();
    laterBy(8 * DAY);
    const provider = open({ cacheStore: storeOf(entries) });
    await expect(provider.initialize()).rejects.toThrow(/HTTP 503/);
  });

  it('fails to start when its token is refused, whatever the store holds', async () => {
    const entries = await filled();
    laterBy(DAY);
    server.script({ status: 401 });
    const provider = open({ cacheStore: storeOf(entries) });
    await expect(provider.initialize()).rejects.toThrow(/HTTP 401/);
  });
});
