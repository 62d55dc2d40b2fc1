import { resolve } from 'node:path';
import {
  type CanActivate,
  Controller,
  Get,
  Inject,
  Injectable,
  type ModuleMetadata,
  UseGuards,
} from '@nestjs/common';
import {
  type Client,
  NOOP_PROVIDER,
  OpenFeature,
  type Provider,
  ProviderEvents,
  TypedInMemoryProvider,
} from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagshipServerProvider,
  FlagValue,
  getFlagsToken,
} from 'nestjs-flagship';
import request from 'supertest';
import { NamedProvider } from '../fixtures/named-provider';
import { waitUntil } from '../fixtures/wait-until';
import { useApp } from '../fixtures/use-app';
import { useServer } from '../fixtures/use-server';

const EVENTS = [
  ProviderEvents.Ready,
  ProviderEvents.Stale,
  ProviderEvents.Error,
  ProviderEvents.ConfigurationChanged,
] as const;
const handlersOf = (client: Client) => EVENTS.map((event) => client.getHandlers(event).length);
const NO_HANDLERS = [0, 0, 0, 0];
const apps = useApp();
const servers = useServer();
afterEach(async () => {
  await OpenFeature.clearProviders();
});

/** A provider that knows whether it has been closed. */
class ClosableProvider extends NamedProvider {
  closed = 0;

  async onClose(): Promise<void> {
    this.closed += 1;
  }
}

@Controller()
class HomeController {
  constructor(private readonly flags: FlagService) {}

  @FeatureFlag('gate')
  @Get()
  async read(@FlagValue('home', '') parameter: string) {
    return [parameter, await this.flags.getStringValue('home', ''), this.flags.context.targetingKey];
  }
}

async function listen(provider: Provider) {
  const { app } = await apps.start({
    imports: [FlagshipModule.forRoot({ provider, requestContext: { userId: 'x-user' } })],
    controllers: [HomeController],
  });
  const ask = async (user: string): Promise<unknown> => {
    const { body } = await request(app.getHttpServer() as never)
      .get('/')
      .set('x-user', user)
      .expect(200);
    return body as unknown;
  };
  return { app, ask };
}

describe('two applications of one process', () => {
  it('answer from their own providers, in parallel, and one outlives the other', async () => {
    const providers = [new ClosableProvider('one'), new ClosableProvider('two')];
    const [one, two] = await Promise.all(providers.map(listen));
    const asked = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one! : two!).ask(`u${index}`));
    for (const [index, answer] of (await Promise.all(asked)).entries()) {
      const [parameter, service, user] = answer as string[];
      expect(parameter).toMatch(index % 2 === 0 ? /^one / : /^two /);
      expect([service, user]).toEqual([parameter, `u${index}`]);
    }
    for (const provider of providers) {
      for (const { context } of provider.asked) {
        expect(Number(String(context.targetingKey).slice(1)) % 2).toBe(providers.indexOf(provider));
      }
    }
    await one!.app.close();
    expect(providers.map(({ closed }) => closed)).toEqual([1, 0]);
    expect(await two!.ask('ann')).toEqual(['two 21', 'two 21', 'ann']);
  });

  it('do not share scopes: one called from within the other knows nothing of its user', async () => {
    const inner = new NamedProvider('inner');
    const outer = new NamedProvider('outer');
    const { app } = await listen(inner);
    const { app: other } = await listen(outer);
    const seen = await other.get(FlagService).withContext({ targetingKey: 'ann' }, async () => {
      const flags = app.get(FlagService);
      await flags.getStringValue('home', '');
      await flags.client.getStringValue('home', '');
      return flags.context;
    });
    expect(seen).toEqual({});
    expect(inner.takeContexts()).toEqual([{}, {}]);
  });

  it('may share a provider: it is closed with the last', async () => {
    const local = await servers.startFlagship({ flags: { home: 'served' } });
    const { url: baseUrl, appId, accountId } = local;
    const provider = new FlagshipServerProvider({ baseUrl, appId, accountId });
    const flags = await Promise.all([listen(provider), listen(provider)]);
    await flags[0].app.close();
    expect(await flags[1].app.get(FlagService).getStringValue('home', '')).toBe('served');
    await flags[1].app.close();
    expect(await flags[1].app.get(FlagService).getStringValue('home', 'default')).toBe('default');
  });

  it('start and close many times over, and nothing piles up', async () => {
    const called: string[] = [];
    const seen: string[] = [];
    const start = async (round: number) => {
      const testing = await apps.compile({
        imports: [undefined, 'billing'].map((domain) =>
          FlagshipModule.forRoot({
            provider: new ClosableProvider('many'),
            domain,
            hooks: [{ before: () => void seen.push(String(domain)) }],
            handlers: EVENTS.map((event) => [event, () => void called.push(`${round} ${event}`)] as const),
          }),
        ),
      });
      await testing.init();
      return testing;
    };
    for (let round = 0; round < 25; round++) {
      const pair = await Promise.all([start(round), start(round)]);
      seen.length = 0;
      await pair[0].get(FlagService).isEnabled('a');
      await pair[1].get<FlagService>(getFlagsToken('billing')).isEnabled('a');
      expect(seen).toEqual(['undefined', 'billing']);
      const clients = pair.flatMap((app) =>
        [undefined, 'billing'].map((domain) => app.get<FlagService>(getFlagsToken(domain)).client),
      );
      expect(new Set(clients.map(({ metadata }) => metadata.domain)).size).toBe(4);
      expect(clients.map(handlersOf)).toEqual(Array(4).fill([1, 1, 1, 1]));
      await Promise.all(pair.map((app) => app.close()));
      expect(clients.map(handlersOf)).toEqual(Array(4).fill(NO_HANDLERS));
      // The names are free again: no numbers are used up.
      expect(new Set(clients.map(({ metadata }) => metadata.domain))).toEqual(
        new Set([undefined, 'flagship#2', 'billing', 'billing#2']),
      );
      for (const domain of [undefined, 'flagship#2', 'billing', 'billing#2']) {
        expect(OpenFeature.getProvider(domain as string)).toBe(NOOP_PROVIDER);
      }
    }
    expect(OpenFeature.getHooks()).toEqual([]);
    const before = called.length;
    await OpenFeature.setProviderAndWait(new TypedInMemoryProvider({}));
    expect(called).toHaveLength(before);
  });
});

describe('an application that fails half-way through its start', () => {
  @Injectable()
  class Throws {
    constructor(readonly flags: FlagService) {
      throw new Error('half-way');
    }
  }
  @Injectable()
  class ThrowingGuard implements CanActivate {
    constructor() {
      throw new Error('half-way');
    }
    canActivate(): boolean {
      return true;
    }
  }
  @Controller()
  class ThrowingController {
    constructor(readonly flags: FlagService) {
      throw new Error('half-way');
    }
  }
  @UseGuards(ThrowingGuard)
  @Controller()
  class GuardedController {
    @Get()
    read() {
      return 'never';
    }
  }
  @Injectable()
  class NeedsNothing {
    constructor(
      readonly flags: FlagService,
      @Inject('half-way') readonly missing: unknown,
    ) {}
  }
  @Injectable()
  class FailsInit {
    async onModuleInit(): Promise<void> {
      await Promise.reject(new Error('half-way'));
    }
  }
  @Injectable()
  class FailsBootstrap {
    onApplicationBootstrap(): void {
      throw new Error('half-way');
    }
  }
  const rejecting = (inject: never[]) => ({
    provide: 'late',
    inject,
    useFactory: () => Promise.reject(new Error('half-way')),
  });

  const inTheMaking: [what: string, metadata: ModuleMetadata][] = [
    ['a provider', { providers: [Throws] }],
    ['a factory', { providers: [rejecting([FlagService as never])] }],
    ['a factory that knows nothing of flags', { providers: [rejecting([])] }],
    ['a controller', { controllers: [ThrowingController] }],
    ['a guard', { controllers: [GuardedController] }],
    ['a dependency that is missing', { providers: [NeedsNothing] }],
    ['options of another module', { imports: [FlagshipModule.forRoot({ domain: 'other', retries: -1 })] }],
  ];
  const inHooks: [what: string, metadata: ModuleMetadata][] = [
    ['onModuleInit', { providers: [FailsInit] }],
    ['onApplicationBootstrap', { providers: [FailsBootstrap] }],
  ];

  const failing = (options: FlagshipModuleOptions, { imports = [], ...metadata }: ModuleMetadata) => ({
    ...metadata,
    imports: [FlagshipModule.forRoot(options), ...imports],
  });

  const start = async (setup: ModuleMetadata) => (await apps.create(setup)).init();

  it.each([...inTheMaking, inHooks[0]!])('requests no more definitions: %s', async (_, metadata) => {
    const flagship = await servers.startFlagship({ flags: { home: 'one' } });
    const requests: string[] = [];
    const polling = (name: string): FlagshipModuleOptions => ({
      baseUrl: flagship.url,
      accountId: flagship.accountId,
      appId: flagship.appId,
      localEvaluation: true,
      refreshInterval: 10,
      fetch: (input, init) => {
        requests.push(name);
        return fetch(input, init);
      },
    });
    await expect(start(failing(polling('failed'), metadata))).rejects.toThrow();
    await apps.startContext({ imports: [FlagshipModule.forRoot(polling('running'))] });
    await waitUntil(() => requests.filter((name) => name === 'running').length > 10, 'ten refreshes');
    // The request of the start may still have been under way.
    expect(requests.filter((name) => name === 'failed').length).toBeLessThanOrEqual(1);
  });

  it('follows no edits of a file', async () => {
    const watch = jest.spyOn(globalThis, 'setInterval');
    const flags = resolve('sample/flags.json');
    await expect(start(failing({ definitions: flags }, inHooks[0]![1]))).rejects.toThrow();
    expect(watch).not.toHaveBeenCalled();
    await apps.startContext({ imports: [FlagshipModule.forRoot({ definitions: flags })] });
    expect(watch).toHaveBeenCalledTimes(1);
    watch.mockRestore();
  });

  it.each(inHooks)('gives everything back when it is closed: %s', async (_, metadata) => {
    const provider = new ClosableProvider('failed');
    const handlers = EVENTS.map((event) => [event, () => undefined] as const);
    const app = await apps.create(failing({ provider, handlers }, metadata));
    await expect(app.listen(0, '127.0.0.1')).rejects.toThrow('half-way');
    await app.close();
    expect(provider.closed).toBe(1);
    expect(OpenFeature.getProvider()).toBe(NOOP_PROVIDER);
    expect(handlersOf(OpenFeature.getClient())).toEqual(NO_HANDLERS);
  });

  it('leaves an application that runs, and the next one, their flags', async () => {
    const running = new ClosableProvider('running');
    const { ask } = await listen(running);
    const failed = failing({ provider: new ClosableProvider('failed') }, { providers: [Throws] });
    await expect(apps.compile(failed)).rejects.toThrow('half-way');
    const next = await listen(new NamedProvider('next'));
    expect(OpenFeature.getProvider()).toBe(running);
    expect(running.closed).toBe(0);
    expect(await ask('ann')).toEqual(['running 1', 'running 1', 'ann']);
    expect(await next.ask('bob')).toEqual(['next 1', 'next 1', 'bob']);
  });
});

describe('a start', () => {
  it('changes no part of the application', async () => {
    const own = { onModuleInit: jest.fn() };
    @Injectable()
    class Plain {
      onModuleInit(): void {
        own.onModuleInit();
      }
    }
    const testing = await apps.compile({
      imports: [FlagshipModule.forRoot({ provider: new NamedProvider('running') })],
      providers: [Plain, { provide: 'own', useValue: own }],
    });
    const before = Object.getOwnPropertyDescriptors(own);
    await testing.init();
    expect(own.onModuleInit).toHaveBeenCalledTimes(2);
    expect(Object.getOwnPropertyDescriptors(own)).toEqual(before);
    expect(Object.getOwnPropertyNames(testing.get(Plain))).toEqual([]);
    expect(await testing.get(FlagService).getStringValue('home', '')).toBe('running 1');
  });
});
