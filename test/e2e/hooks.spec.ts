import { type INestApplication } from '@nestjs/common';
import { type Hook, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import {
  FlagService,
  type FlagshipModuleOptions,
  LoggingHook,
  type TelemetryEvent,
  TelemetryHook,
} from 'nestjs-flagship';
import request from 'supertest';
import { shop } from '../fixtures/shop-app';
import { useApp } from '../fixtures/use-app';
import { captureLog } from '../fixtures/captured-log';

const definitions = { 'home-page': 'modern', 'new-checkout': true };
const EVENTS = [
  ProviderEvents.Ready,
  ProviderEvents.Stale,
  ProviderEvents.Error,
  ProviderEvents.ConfigurationChanged,
] as const;

describe('the module’s hooks and handlers', () => {
  const apps = useApp();

  async function start(options: Partial<FlagshipModuleOptions>): Promise<INestApplication> {
    const { app } = await apps.start(shop({ definitions, ...options }));
    return app;
  }
  const counts = (domain?: string) => {
    const client = domain === undefined ? OpenFeature.getClient() : OpenFeature.getClient(domain);
    return EVENTS.map((event) => client.getHandlers(event).length);
  };

  it('run once each for service, guard, parameters and the injected client', async () => {
    const seen: string[] = [];
    const hook = (name: string): Hook => ({ after: ({ flagKey }) => void seen.push(`${name} ${flagKey}`) });
    const app = await start({ hooks: [hook('one'), hook('two')] });
    const http = request(app.getHttpServer() as string);

    await app.get(FlagService).isEnabled('new-checkout');
    expect(seen.toSorted()).toEqual(['one new-checkout', 'two new-checkout']);

    seen.length = 0;
    await http.get('/checkout/7').expect(200);
    expect(seen.toSorted()).toEqual(['one new-checkout', 'two new-checkout']);

    // Two parameters and a service share one evaluation; the plain client makes its own.
    seen.length = 0;
    await http.get('/home').expect(200);
    expect(seen.filter((line) => line === 'one home-page')).toHaveLength(2);
  });

  it('see the context of the request, merged', async () => {
    const events: TelemetryEvent[] = [];
    const app = await start({
      hooks: [new TelemetryHook((event) => void events.push(event))],
      context: { region: 'eu', plan: 'static' },
      requestContext: { userId: 'x-user', headers: { 'x-plan': 'plan' } },
    });
    await request(app.getHttpServer() as string)
      .get('/checkout/7')
      .set('x-user', 'ann')
      .set('x-plan', 'pro')
      .expect(200);
    expect(events).toMatchObject([
      { type: 'evaluation', flagKey: 'new-checkout', value: true, reason: 'STATIC', variant: 'on' },
    ]);
    expect(events[0]?.context).toEqual({ region: 'eu', plan: 'pro', targetingKey: 'ann' });
  });

  it('are not run by another application of the process', async () => {
    const lines: string[] = [];
    const logger = {
      log: (line: string) => void lines.push(line),
      warn: (line: string) => void lines.push(line),
    };
    const [hooked, bare] = [await start({ hooks: [new LoggingHook({ logger })] }), await start({})];
    await bare.get(FlagService).isEnabled('new-checkout');
    expect(lines).toEqual([]);
    await hooked.get(FlagService).isEnabled('new-checkout');
    expect(lines).toEqual(['Flag "new-checkout" is true (on, STATIC)']);
    expect(OpenFeature.getHooks()).toEqual([]);
  });

  it('do not outlive the application, however often it starts', async () => {
    const domain = 'again';
    const before = [counts(), counts(domain)];
    const calls: ProviderEvents[] = [];
    const hooked: string[] = [];
    const handlers = EVENTS.map((event) => [event, () => void calls.push(event)] as const);
    const hooks: Hook[] = [{ after: () => void hooked.push('after') }];
    for (let round = 1; round <= 5; round++) {
      for (const options of [{}, { domain }]) {
        const { app } = await apps.start(shop({ definitions, handlers, hooks, ...options }));
        expect(counts(options.domain).map((count, index) => count - (before[0]?.[index] ?? 0))).toEqual([
          1, 1, 1, 1,
        ]);
        await app.get(FlagService).isEnabled('new-checkout');
        await app.close();
      }
      expect(hooked).toHaveLength(2 * round);
    }
    expect([counts(), counts(domain)]).toEqual(before);
    expect(calls.filter((event) => event === ProviderEvents.Ready)).toHaveLength(10);
    expect(calls).toHaveLength(10);
  });

  it('are removed as often as they were added', async () => {
    const before = counts();
    const calls: unknown[] = [];
    const handler = () => void calls.push(1);
    const app = await start({
      handlers: [
        [ProviderEvents.Ready, handler],
        [ProviderEvents.Ready, handler],
        [ProviderEvents.Stale, handler],
      ],
    });
    expect(calls).toHaveLength(2);
    await app.close();
    expect(counts()).toEqual(before);
  });

  it('receive the error event of a provider that does not start', async () => {
    const told: unknown[] = [];
    const lines = captureLog();
    await start({
      definitions: undefined,
      endpoint: 'http://127.0.0.1:1/evaluate',
      accountId: 'account',
      localEvaluation: true,
      retries: 0,
      handlers: [[ProviderEvents.Error, (details) => void told.push(details?.providerName)]],
    });
    expect(told).toEqual(['Flagship Server Provider']);
    expect(lines).toEqual([expect.stringMatching(/^warn The flag provider did not start/)]);
    jest.restoreAllMocks();
  });

  it.each([
    ['an unknown event', [['PROVIDER_SOMETHING', () => undefined]]],
    ['no function', [[ProviderEvents.Ready, 'log']]],
    ['an object', { [ProviderEvents.Ready]: () => undefined }],
  ])('are refused at start: handlers with %s', async (_, handlers) => {
    await expect(start({ handlers: handlers as never })).rejects.toThrow(
      /"handlers".*list of pairs of event and function/,
    );
  });

  it('are refused at start: hooks that are no list', async () => {
    await expect(start({ hooks: new LoggingHook() as never })).rejects.toThrow(/"hooks".*a list/);
  });
});
