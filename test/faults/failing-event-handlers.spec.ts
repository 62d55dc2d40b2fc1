import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  OpenFeature,
  type OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
} from '@openfeature/server-sdk';
import { FlagService, FlagshipModule, type FlagshipModuleOptions } from 'nestjs-flagship';
import { TestFlags } from 'nestjs-flagship/testing';
import { waitUntil } from '../../tools/waiting.cjs';
import { useLog } from '../fixtures/captured-log';
import { fixedFlags, serves } from '../fixtures/definitions';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useServer } from '../fixtures/use-server';
import { useProcessWatch } from '../fixtures/use-process-watch';
import { useCleanup } from '../fixtures/use-cleanup';

const { Ready, Stale, ConfigurationChanged } = ProviderEvents;

const servers = useServer();
let server: ScriptedServer;
const log = useLog();
useProcessWatch();
const cleanUp = useCleanup();
beforeAll(async () => (server = await servers.start()));

const warnings = (): string[] => log.filter((line) => line.startsWith('warn '));
const flagsAre = (values: Record<string, string>) => server.script(serves(fixedFlags(values)));

async function start(options: FlagshipModuleOptions): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports: [FlagshipModule.forRoot(options)] }).compile();
  cleanUp(() => app.close());
  // Polling begins once the application has started.
  await app.init();
  return app;
}
const local = (handlers: FlagshipModuleOptions['handlers']): FlagshipModuleOptions => ({
  endpoint: `${server.url}/evaluate`,
  accountId: 'account',
  localEvaluation: true,
  refreshInterval: 20,
  retries: 0,
  handlers,
});

const failures: [string, () => unknown][] = [
  [
    'throws',
    () => {
      throw new Error('no handler');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no handler'))],
  ['rejects later', () => delay(1).then(() => Promise.reject(new Error('no handler')))],
  [
    'throws what cannot be text',
    () => {
      throw Object.create(null) as Error;
    },
  ],
  [
    'returns a broken thenable',
    () => ({
      get then() {
        throw new Error('no handler');
      },
    }),
  ],
];

describe.each(failures)('a handler that %s', (name, fail) => {
  it('is reported once, and stops neither the start nor refreshing nor other handlers', async () => {
    flagsAre({ flag: 'one' });
    const heard: string[] = [];
    const app = await start(
      local([
        [Ready, fail],
        [ConfigurationChanged, fail],
        [ConfigurationChanged, () => void heard.push('good')],
      ]),
    );
    const flags = app.get(FlagService);
    for (const value of ['two', 'three']) {
      flagsAre({ flag: value });
      await waitUntil(
        async () => (await flags.getStringValue('flag', '?')) === value,
        `the refresh to ${value}`,
      );
    }
    await waitUntil(() => heard.length >= 2, 'the other handler');
    await waitUntil(() => warnings().length >= 2, 'both warnings');
    expect(flags.client.providerStatus).toBe('READY');
    const shown = name.includes('text') ? /Something was thrown/ : /no handler/;
    expect(warnings()).toEqual([
      expect.stringMatching(/handler of PROVIDER_READY \(option "handlers"\) has failed/),
      expect.stringMatching(/handler of PROVIDER_CONFIGURATION_CHANGED \(option "handlers"\) has failed/),
    ]);
    for (const line of warnings()) expect(line).toMatch(shown);
  });
});

it('a listener of the user’s own that fails stops nothing either', async () => {
  flagsAre({ flag: 'one' });
  const app = await start(local([]));
  const flags = app.get(FlagService);
  const fail = (): never => {
    throw new Error('no listener');
  };
  const { events } = OpenFeature.getProvider() as Provider & { events: OpenFeatureEventEmitter };
  for (const event of [Stale, ConfigurationChanged] as const) {
    flags.client.addHandler(event, fail);
    flags.client.addHandler(event, () => Promise.reject(new Error('no listener')));
    OpenFeature.addHandler(event, fail);
    events.addHandler(event, fail);
  }
  cleanUp(async () => OpenFeature.clearHandlers());
  for (const value of ['two', 'three']) {
    flagsAre({ flag: value });
    await waitUntil(
      async () => (await flags.getStringValue('flag', '?')) === value,
      `the refresh to ${value}`,
    );
  }
});

describe('outside of requests', () => {
  const request = new AsyncLocalStorage<string>();

  it('run the handlers of an application that is made in a request', async () => {
    flagsAre({ flag: 'one' });
    const seen: unknown[] = [];
    const see = (): void => void seen.push(request.getStore());
    const app = await request.run('first request', () =>
      start(
        local([
          [Ready, see],
          [ConfigurationChanged, see],
        ]),
      ),
    );
    expect(seen).toEqual([undefined]);
    flagsAre({ flag: 'two' });
    await waitUntil(() => seen.length > 1, 'the change');
    flagsAre({ flag: 'three' });
    await request.run('second request', () => app.get(FlagService).refresh());
    await waitUntil(() => seen.length > 2, 'the second change');
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it('a handler asks for no user when a job has the flags refreshed', async () => {
    flagsAre({ flag: 'one' });
    const contexts: unknown[] = [];
    const app = await start({
      ...local([[ConfigurationChanged, () => void contexts.push(app.get(FlagService).context)]]),
      refreshInterval: 3_600_000,
      context: { region: 'eu' },
    });
    const flags = app.get(FlagService);
    flagsAre({ flag: 'two' });
    await flags.withContext({ targetingKey: 'ann' }, () => flags.refresh());
    expect(contexts).toEqual([{ region: 'eu' }]);
  });

  it('a provider is started and closed', async () => {
    const seen: unknown[] = [];
    const provider = Object.assign(new TestFlags({ a: true }).provider, {
      initialize: async () => {
        seen.push(['start', request.getStore()]);
        await delay(1);
        seen.push(['started', request.getStore()]);
      },
      onClose: async () => void seen.push(['close', request.getStore()]),
    });
    const app = await request.run('a request', () =>
      Test.createTestingModule({ imports: [FlagshipModule.forRoot({ provider })] }).compile(),
    );
    await request.run('another request', () => app.close());
    expect(seen).toEqual([
      ['start', undefined],
      ['started', undefined],
      ['close', undefined],
    ]);
  });

  it('the changes of a test are emitted, in whichever request they are made', () => {
    const flags = new TestFlags({ a: true });
    const seen: unknown[] = [];
    flags.provider.events?.addHandler(ConfigurationChanged, () => void seen.push(request.getStore()));
    request.run('a request', () => flags.set('a', false));
    expect(seen).toEqual([undefined]);
  });
});
