import { type CacheStore, type FlagshipProviderOptions, type FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil, within } from '../../../tools/waiting.cjs';
import { fixedFlags, serves } from '../../fixtures/definitions';
import { openProviders } from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';
import { useProcessWatch } from '../../fixtures/use-process-watch';
import { useLog } from '../../fixtures/captured-log';

const SOON = 60_000;
jest.setTimeout(180_000);

const servers = useServer();
let server: ScriptedServer;
const openAny = openProviders(() => server);
const lines = useLog();
useProcessWatch();

beforeAll(async () => (server = await servers.start()));

const open = (cacheStore: CacheStore, options: Partial<FlagshipProviderOptions> = {}) =>
  openAny({
    localEvaluation: true,
    accountId: 'account',
    refreshInterval: 3_600_000,
    cacheStore,
    ...options,
  });
const flag = (value: string, etag?: string) => serves(fixedFlags({ flag: value }), etag);
const valueOf = async (provider: FlagshipServerProvider) =>
  (await provider.resolveStringEvaluation('flag', 'default', {})).value;
const outOfDate = expect.stringMatching(/^warn Flags may be out of date: .*HTTP 503/) as unknown;
const isText = (key: string): boolean => key.endsWith('text');

/** A store whose writes the test decides on. It forgets probes in time, and they are not among its entries. */
function storeWith(set: (key: string, write: () => void) => Promise<void> | void) {
  const entries = new Map<string, unknown>();
  const probes = new Map<string, { readonly value: unknown; readonly until: number }>();
  const probed = (key: string): unknown => {
    const probe = probes.get(key);
    return probe !== undefined && performance.now() < probe.until ? probe.value : undefined;
  };
  const store: CacheStore = {
    get: async (key) => entries.get(key) ?? probed(key),
    set: async (key, value, ttlMs) => {
      if (key.startsWith('nestjs-flagship-probe:'))
        probes.set(key, { value, until: performance.now() + (ttlMs ?? 0) });
      else await set(key, () => void entries.set(key, value));
    },
  };
  const head = () => {
    const text = [...entries].find(([key]) => !isText(key))?.[1] as string | undefined;
    return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
  };
  return { entries, store, head };
}

describe('an instance that shares definitions', () => {
  it('writes the text first, and never a head without its text', async () => {
    let isBroken = true;
    const { entries, store } = storeWith((key, write) => {
      if (isText(key) && isBroken) throw new Error('too large');
      write();
    });
    server.script(flag('one', '"1"'));
    const provider = open(store);
    await provider.initialize();
    expect(await provider.refresh()).toBe(true);
    expect([...entries.keys()]).toEqual([]);
    // The store has had its rest: the text is written without another download of it.
    isBroken = false;
    await waitUntil(async () => (await provider.refresh()) && entries.size === 2, 'the text', SOON);
    expect(server.requests.filter(({ headers }) => headers['if-none-match'] === undefined)).toHaveLength(1);
    expect(lines).toEqual([
      expect.stringMatching(/^warn .*"cacheStore".* fails.*too large/),
      expect.stringMatching(/^log .*"cacheStore".* works again/),
    ]);
  });

  it('writes what it holds, never what it has read', async () => {
    const { entries, store, head } = storeWith((_, write) => {
      write();
    });
    server.script(flag('one', '"1"'));
    const [ahead, behind] = [open(store), open(store)];
    await ahead.initialize();
    await waitUntil(() => entries.size === 2, 'the definitions are shared', SOON);
    await behind.initialize();
    const old = new Map(entries);
    server.script(flag('two', '"2"'));
    expect(await ahead.refresh()).toBe(true);
    await waitUntil(() => head()?.etag === '"2"', 'the news is shared', SOON);
    // A write that was late: the store says the old again.
    for (const [key, value] of old) entries.set(key, value);
    // Flagship says that what it holds has not changed, and it does not say so of what is in the store.
    expect(await ahead.refresh()).toBe(true);
    await waitUntil(() => head()?.etag === '"2"', 'the news is shared again', SOON);
    expect(await valueOf(ahead)).toBe('two');
    server.script({ status: 503 });
    expect(await ahead.refresh()).toBe(false);
    expect(await valueOf(ahead)).toBe('two');
    expect(lines).toEqual([outOfDate]);
  });

  it('restores a text that the store has lost, or that another instance has overwritten', async () => {
    const { entries, store } = storeWith((_, write) => {
      write();
    });
    server.script(flag('one', '"1"'));
    const provider = open(store);
    await provider.initialize();
    await waitUntil(() => entries.size === 2, 'the definitions are shared', SOON);
    const [text] = [...entries.keys()].filter(isText);
    const right = entries.get(text!);
    for (const wrong of [undefined, '{"flags":{}}']) {
      entries.set(text!, wrong);
      await open(store).initialize();
      await waitUntil(() => entries.get(text!) === right, 'the text is there again', SOON);
    }
  });

  it('does not go back to older definitions in the store when Flagship goes away', async () => {
    const { entries, store } = storeWith((_, write) => {
      write();
    });
    server.script(flag('one', '"1"'));
    const provider = open(store);
    await provider.initialize();
    await waitUntil(() => entries.size === 2, 'the definitions are shared', SOON);
    const old = new Map(entries);
    server.script(flag('two', '"2"'));
    expect(await provider.refresh()).toBe(true);
    server.script({ status: 503 });
    for (let round = 0; round < 3; round++) {
      for (const [key, value] of old) entries.set(key, value);
      expect(await provider.refresh()).toBe(false);
      expect(await valueOf(provider)).toBe('two');
    }
    expect(lines).toEqual([outOfDate]);
  });
});

describe('waits: sharedDefinitions', () => {
  it('a store whose writes never end holds up neither start, refresh nor closing', async () => {
    const held: (() => void)[] = [];
    const { store } = storeWith(() => new Promise<void>((resolve) => held.push(resolve)));
    server.script(flag('one'));
    const provider = open(store, { timeout: 60_000 });
    await within(SOON, provider.initialize());
    server.script(flag('two'));
    expect(await within(SOON, provider.refresh())).toBe(true);
    expect(await valueOf(provider)).toBe('two');
    await within(SOON, provider.onClose());
    for (const end of held) end();
  });
});
