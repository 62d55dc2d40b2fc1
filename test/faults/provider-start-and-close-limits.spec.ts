import { Test, type TestingModule } from '@nestjs/testing';
import { DefaultLogger, OpenFeature, type Provider, TypedInMemoryProvider } from '@openfeature/server-sdk';
import {
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagshipServerProvider,
} from 'nestjs-flagship';
import { within } from '../../tools/waiting.cjs';
import { useLog } from '../fixtures/captured-log';
import { type FakeTime, stopTime } from '../fixtures/fake-time';
import { NamedProvider } from '../fixtures/named-provider';
import { startScriptedServer } from '../fixtures/scripted-server';
import { useProcessWatch } from '../fixtures/use-process-watch';

const never = (): Promise<never> => new Promise(() => undefined);
const compile = (...options: FlagshipModuleOptions[]): Promise<TestingModule> =>
  Test.createTestingModule({ imports: options.map((each) => FlagshipModule.forRoot(each)) }).compile();

const log = useLog();
useProcessWatch();
let time: FakeTime;
beforeEach(() => {
  const drop = (): void => undefined;
  OpenFeature.setLogger({ error: drop, warn: drop, info: drop, debug: drop });
  time = stopTime();
});
afterEach(async () => {
  time.end();
  await OpenFeature.clearProviders();
  OpenFeature.setLogger(new DefaultLogger());
});

const warnings = (): string[] => log.filter((line) => !line.startsWith('log '));

describe('waits: providerStart', () => {
  /** Starts when the test says so. */
  class SlowProvider extends NamedProvider {
    start!: () => void;
    initialize(): Promise<void> {
      return new Promise((resolve) => (this.start = resolve));
    }
  }

  it('an application starts after 30 s without a provider that does not; its flags come later', async () => {
    const provider = new SlowProvider('slow');
    const starting = compile({ provider });
    expect(await time.settlesWithin(starting, 29_900)).toBe(false);
    expect(await time.settlesWithin(starting, 200)).toBe(true);
    const app = await starting;
    const flags = app.get(FlagService);
    expect(await flags.getStringDetails('a', 'default')).toMatchObject({
      value: 'default',
      errorCode: 'PROVIDER_NOT_READY',
    });
    expect(warnings()).toEqual([
      'warn The flag provider did not start; flags answer their defaults. The start of the flag provider did not finish within 30000 ms.',
    ]);
    provider.start();
    await new Promise(setImmediate);
    expect(await flags.getStringValue('a', 'default')).toBe('slow 1');
    await app.close();
  });

  it.each([{}, { 'retry-after': '3600' }])(
    'an application with localEvaluation starts when its own limits are over',
    async (headers) => {
      time.end();
      const server = await startScriptedServer((response) => {
        if ('retry-after' in headers) response.writeHead(503, headers).end();
      });
      const limits = { timeout: 100, retries: 2, retryDelay: 50 };
      const app = await within(
        30_000,
        compile({
          endpoint: `${server.url}/evaluate`,
          accountId: 'account',
          localEvaluation: true,
          ...limits,
        }),
      );
      expect(warnings()).toEqual([expect.stringMatching(/did not start; flags answer their defaults/)]);
      await app.close();
      await server.close();
    },
  );

  it('leaves no timer behind when the provider starts in time, or the start fails', async () => {
    const app = await compile({ provider: new NamedProvider('quick') });
    expect(jest.getTimerCount()).toBe(0);
    await app.close();
    const failing = new NamedProvider('failing') as Provider;
    failing.initialize = () => Promise.reject(new Error('no'));
    await (await compile({ provider: failing })).close();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('waits: providerClose', () => {
  class StuckProvider extends FlagshipServerProvider {
    override onClose = never;
  }

  it('an application is closed after 5 s, whatever its provider does', async () => {
    const app = await compile({ provider: new StuckProvider({ definitions: { a: true } }) });
    const closing = app.close();
    expect(await time.settlesWithin(closing, 4900)).toBe(false);
    expect(await time.settlesWithin(closing, 200)).toBe(true);
    expect(warnings()).toEqual([
      'warn The flag provider did not close as it should. The close of the flag provider did not finish within 5000 ms.',
    ]);
    expect(OpenFeature.getProvider()).not.toBeInstanceOf(StuckProvider);
  });

  const closes: [string, () => unknown, RegExp | undefined][] = [
    ['never settles', never, undefined],
    ['rejects', () => Promise.reject(new Error('cannot close')), undefined],
    [
      'throws',
      () => {
        throw new Error('cannot close');
      },
      /did not close as it should\. cannot close/,
    ],
    ['returns a number', () => 7, /did not close as it should/],
  ];
  it.each(closes)(
    'another provider whose onClose %s keeps nothing from closing',
    async (_, onClose, told) => {
      const odd = Object.assign(new TypedInMemoryProvider({}), { onClose }) as unknown as Provider;
      const good = new FlagshipServerProvider({ definitions: { a: true } });
      const closed = jest.spyOn(good, 'onClose');
      const app = await compile({ provider: odd, domain: 'odd' }, { provider: good });
      expect(await time.settlesWithin(app.close(), 5100)).toBe(true);
      expect(closed).toHaveBeenCalled();
      expect([OpenFeature.getProvider('odd'), OpenFeature.getProvider()]).not.toContain(odd);
      expect(OpenFeature.getProvider('odd')).toBe(OpenFeature.getProvider());
      if (told === undefined) expect(warnings()).toEqual([]);
      else expect(warnings()).toEqual([expect.stringMatching(told)]);
    },
  );

  it('two providers that hang are two times 5 s', async () => {
    const stuck = () => new StuckProvider({ definitions: { a: true } });
    const app = await compile({ provider: stuck() }, { provider: stuck(), domain: 'other' });
    const closing = app.close();
    expect(await time.settlesWithin(closing, 5100)).toBe(false);
    expect(await time.settlesWithin(closing, 5100)).toBe(true);
  });
});
