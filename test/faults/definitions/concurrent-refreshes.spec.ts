import { AsyncLocalStorage } from 'node:async_hooks';
import { type ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { type EvaluationContext, ProviderEvents } from '@openfeature/server-sdk';
import {
  FlagService,
  type FlagshipModuleOptions,
  type FlagshipProviderOptions,
  type FlagshipServerProvider,
} from 'nestjs-flagship';
import { waitUntil, within } from '../../../tools/waiting.cjs';
import { useLog } from '../../fixtures/captured-log';
import { fixedFlags, serves } from '../../fixtures/definitions';
import { openProviders } from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { shop } from '../../fixtures/shop-app';
import { useServer } from '../../fixtures/use-server';
import { useProcessWatch } from '../../fixtures/use-process-watch';
import { useApp } from '../../fixtures/use-app';

const SOON = 60_000;
jest.setTimeout(180_000);

const apps = useApp();
const servers = useServer();
let server: ScriptedServer;
const lines = useLog();
const openAny = openProviders(() => server);
useProcessWatch();

beforeAll(async () => (server = await servers.start()));

const open = (options: Partial<FlagshipProviderOptions> = {}): FlagshipServerProvider =>
  openAny({ localEvaluation: true, accountId: 'account', refreshInterval: 3_600_000, ...options });
const flag = (value: string, etag?: string) => serves(fixedFlags({ flag: value }), etag);
const valueOf = async (provider: FlagshipServerProvider) => {
  const { value, errorCode } = await provider.resolveStringEvaluation('flag', 'default', {});
  return errorCode ?? value;
};
const becomes = (provider: FlagshipServerProvider, value: string) =>
  waitUntil(async () => (await valueOf(provider)) === value, `the flag becomes ${value}`, SOON);

/** A Flagship that answers what was true when it was asked, when the test says so. */
function slow() {
  const held: (() => void)[] = [];
  const state = { value: 'one' };
  server.script((response: ServerResponse) => {
    const body = JSON.stringify({ flags: fixedFlags({ flag: state.value }) });
    held.push(() => response.writeHead(200).end(body));
  });
  return {
    state,
    asked: (count: number) => waitUntil(() => held.length >= count, `${count} questions`, SOON),
    answer: (index: number) => held[index]!(),
    count: () => held.length,
  };
}

describe('a refresh', () => {
  it('that is requested during a download finds edits made after the download began', async () => {
    server.script(flag('zero'));
    const provider = open();
    await provider.initialize();
    const flagship = slow();
    const first = provider.refresh();
    await flagship.asked(1);
    flagship.state.value = 'two';
    const later = [provider.refresh(), provider.refresh(), provider.refresh()];
    flagship.answer(0);
    expect(await first).toBe(true);
    expect(await valueOf(provider)).toBe('one');
    // All who asked meanwhile share one load.
    await flagship.asked(2);
    later.push(provider.refresh());
    flagship.answer(1);
    expect(await Promise.all(later.slice(0, 3))).toEqual([true, true, true]);
    expect(await valueOf(provider)).toBe('two');
    await flagship.asked(3);
    flagship.answer(2);
    expect(await later[3]).toBe(true);
    expect(flagship.count()).toBe(3);
  });

  it('during the start downloads after the start, whose older answer never wins', async () => {
    const flagship = slow();
    const provider = open();
    const start = provider.initialize();
    await flagship.asked(1);
    flagship.state.value = 'two';
    const refresh = provider.refresh();
    flagship.answer(0);
    await start;
    await flagship.asked(2);
    flagship.answer(1);
    expect(await refresh).toBe(true);
    expect(await valueOf(provider)).toBe('two');
    expect(flagship.count()).toBe(2);
  });

  it('during a start that fails makes the provider ready', async () => {
    const held: ServerResponse[] = [];
    server.script((response) => void held.push(response), flag('one'));
    const provider = open();
    const events: string[] = [];
    provider.events.addHandler(ProviderEvents.Ready, () => void events.push('ready'));
    const failed = expect(provider.initialize()).rejects.toThrow(/HTTP 503/);
    await waitUntil(() => held.length > 0, 'the question', SOON);
    const refresh = provider.refresh();
    held[0]!.writeHead(503).end();
    await failed;
    expect(await refresh).toBe(true);
    expect(await valueOf(provider)).toBe('one');
    expect(events).toEqual(['ready']);
  });

  it('of a provider that is closed meanwhile changes nothing, whether it runs or waits', async () => {
    server.script(flag('zero'));
    const provider = open();
    await provider.initialize();
    const flagship = slow();
    const running = provider.refresh();
    await flagship.asked(1);
    const waiting = provider.refresh();
    await within(SOON, provider.onClose());
    expect(await within(SOON, Promise.all([running, waiting]))).toEqual([false, false]);
    server.script(flag('new'));
    await provider.initialize();
    flagship.answer(0);
    expect(await valueOf(provider)).toBe('new');
    expect(await provider.refresh()).toBe(true);
    expect(await valueOf(provider)).toBe('new');
    expect(server.requests).toHaveLength(2);
  });

  it('does not send an ETag from before the closing', async () => {
    server.script(flag('one', '"1"'));
    const provider = open();
    await provider.initialize();
    const refresh = provider.refresh();
    await provider.onClose();
    await refresh;
    server.script(flag('one', '"1"'));
    await provider.initialize();
    expect(server.requests[0]?.headers['if-none-match']).toBeUndefined();
    expect(await valueOf(provider)).toBe('one');
  });
});

describe('refreshing goes on', () => {
  it.each(['changed', 'stale', 'ready'])('although emitting that flags are %s throws', async (what) => {
    server.script(flag('one'));
    const provider = open({ refreshInterval: 20 });
    await provider.initialize();
    const emit = provider.events.emit.bind(provider.events);
    const thrown: string[] = [];
    jest.spyOn(provider.events, 'emit').mockImplementation((event, ...rest) => {
      if (event.toLowerCase().includes(what)) {
        thrown.push(event);
        throw new Error('a handler');
      }
      emit(event, ...rest);
    });
    for (const value of ['two', 'three']) {
      server.script({ status: 503 });
      await server.received(2);
      server.script(flag(value));
      await becomes(provider, value);
    }
    await waitUntil(() => thrown.length > 1, 'the events', SOON);
    expect(lines.join('\n')).toContain('A listener of the flags has failed: a handler');
  });

  it('although the logger throws', async () => {
    for (const level of ['log', 'warn'] as const) {
      jest.spyOn(Logger.prototype, level).mockImplementation(() => {
        throw new Error('a logger');
      });
    }
    server.script(serves({ ...fixedFlags({ flag: 'one' }), bad: 7 }));
    const provider = open({ refreshInterval: 20, definitionsCache: '/no/such/folder/file' });
    await provider.initialize();
    for (const value of ['two', 'three']) {
      server.script({ status: 503 });
      await server.received(2);
      server.script(flag(value));
      await becomes(provider, value);
    }
  });
});

describe('work that outlives the request which called refresh()', () => {
  it('sees no storage of that request: custom fetch, timers, events, the store', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const note = (where: string) => void seen.push(`${where}: ${storage.getStore() ?? 'none'}`);
    server.script(flag('one'));
    const entries = new Map<string, unknown>();
    const provider = open({
      refreshInterval: 20,
      fetch: (...args) => (note('fetch'), globalThis.fetch(...args)),
      headersFactory: () => (note('headersFactory'), {}),
      cacheStore: {
        get: async (key) => (note('get'), entries.get(key)),
        set: async (key, value) => (note('set'), void entries.set(key, value)),
      },
    });
    for (const event of [
      ProviderEvents.ConfigurationChanged,
      ProviderEvents.Stale,
      ProviderEvents.Ready,
    ] as const)
      provider.events.addHandler(event, () => {
        note(event);
      });
    await storage.run('start', () => provider.initialize());
    server.script(flag('two'));
    expect(await storage.run('request', () => provider.refresh())).toBe(true);
    server.script({ status: 503 });
    expect(await storage.run('request', () => provider.refresh())).toBe(false);
    server.script(flag('three'));
    await becomes(provider, 'three');
    await server.received(4);
    const where = new Set(seen.map((line) => line.split(':')[0]));
    expect([...where].toSorted()).toEqual(
      [
        'PROVIDER_CONFIGURATION_CHANGED',
        'PROVIDER_READY',
        'PROVIDER_STALE',
        'fetch',
        'get',
        'headersFactory',
        'set',
      ].toSorted(),
    );
    expect(seen.filter((line) => !line.endsWith(': none'))).toEqual([]);
  });

  it('sees no scope of that request: handlers evaluate without its user', async () => {
    server.script(serves({ who: askedForAnn }, '"1"'));
    const asked: Promise<unknown>[] = [];
    const options: FlagshipModuleOptions = {
      endpoint: `${server.url}/evaluate`,
      accountId: 'account',
      localEvaluation: true,
      refreshInterval: 50,
      retries: 0,
      handlers: [
        [
          ProviderEvents.ConfigurationChanged,
          () => void asked.push(flags.getStringValue('who', 'default'), Promise.resolve(flags.context)),
        ],
      ],
    };
    const { app } = await apps.start(shop(options));
    const flags = app.get(FlagService);
    const ann: EvaluationContext = { targetingKey: 'ann' };
    await flags.withContext(ann, async () => {
      expect(await flags.getStringValue('who', '?')).toBe('ann');
      server.script(serves({ who: askedForAnn, more: 1 }, '"2"'));
      expect(await flags.refresh()).toBe(true);
      expect(await flags.getStringValue('who', '?')).toBe('ann');
    });
    await waitUntil(() => asked.length === 2, 'the event', SOON);
    server.script(serves({ who: askedForAnn, more: 2 }, '"3"'));
    await waitUntil(() => asked.length === 4, 'the event of the timer', SOON);
    expect(await Promise.all(asked)).toEqual(['nobody', {}, 'nobody', {}]);
  });
});

/** A flag that answers whether it is evaluated for Ann. */
const askedForAnn = {
  enabled: true,
  default_variation: 'nobody',
  variations: { ann: 'ann', nobody: 'nobody' },
  rules: [
    {
      conditions: [{ attribute: 'targetingKey', operator: 'equals', value: 'ann' }],
      serve_variation: 'ann',
    },
  ],
};
