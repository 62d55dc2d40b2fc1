import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Logger,
  Module,
  Req,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { BooleanFeatureFlag, OpenFeatureClient } from '@openfeature/nestjs-sdk';
import {
  AsyncLocalStorageTransactionContextPropagator,
  type Client,
  type EvaluationDetails,
  TypedInMemoryProvider,
  NOOP_PROVIDER,
  OpenFeature,
} from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagDetails,
  FlagService,
  FlagshipModule,
  getFlagsToken,
  type FlagshipModuleOptions,
  type FlagshipOptionsFactory,
  FlagValue,
} from 'nestjs-flagship';
import { type LocalFlagship } from 'nestjs-flagship/local';
import { firstValueFrom, type Observable } from 'rxjs';
import request from 'supertest';
import { shop as shopOf } from '../fixtures/shop-app';
import { adapters, type HttpAdapter, useApp } from '../fixtures/use-app';
import { useServer } from '../fixtures/use-server';
import { closedPort } from '../fixtures/closed-port';

const forPro = {
  enabled: true,
  default_variation: 'off',
  variations: { on: true, off: false },
  rules: [{ conditions: [{ attribute: 'x-plan', operator: 'equals', value: 'pro' }], serve_variation: 'on' }],
};
const forUser = (user: string, served: unknown, otherwise: unknown) => ({
  enabled: true,
  default_variation: 'otherwise',
  variations: { served, otherwise },
  rules: [
    {
      conditions: [{ attribute: 'targetingKey', operator: 'equals', value: user }],
      serve_variation: 'served',
    },
  ],
});

let flagship: LocalFlagship;
let connection: Pick<FlagshipModuleOptions, 'baseUrl' | 'appId' | 'accountId'>;
const apps = useApp();
const servers = useServer();

beforeEach(async () => {
  flagship = await servers.startFlagship({
    flags: {
      flags: {
        'new-checkout': forPro as never,
        'home-page': 'modern',
        'for-ann': forUser('ann', true, false) as never,
        look: { accent: 'teal' },
        limit: 20,
      },
    },
  });
  connection = { baseUrl: flagship.url, appId: flagship.appId, accountId: flagship.accountId };
});
afterEach(async () => {
  OpenFeature.setContext({});
  OpenFeature.clearHooks();
});

const startShop = (options: FlagshipModuleOptions, adapter?: HttpAdapter, controllers?: Type[]) =>
  apps.start({ ...shopOf(options, controllers), adapter });

async function shop(
  options: Partial<FlagshipModuleOptions>,
  ...rest: [adapter?: never, controllers?: never[]] | unknown[]
) {
  const { app, http } = await startShop({ ...connection, ...options }, ...(rest as []));
  return { app, http, flags: app.get(FlagService) };
}

describe.each(adapters)('on %s', (_, adapter) => {
  it('guards a route, hands values to parameters, and answers alike everywhere in a request', async () => {
    const { http } = await shop({ requestContext: { userId: 'x-user', headers: ['x-plan'] } }, adapter());
    const page = await http.get('/home').expect(200);
    expect(page.body).toEqual({
      parameter: 'modern',
      details: {
        value: 'modern',
        variant: 'default',
        reason: 'STATIC',
        flagMetadata: {},
        flagKey: 'home-page',
      },
      service: 'modern',
      client: 'modern',
    });
    await http.get('/checkout/7').set('x-plan', 'pro').expect(200, { checkout: '7' });
    await http.get('/modern').expect(200);
  });

  it('refuses as if the route did not exist', async () => {
    const { http } = await shop({}, adapter());
    const refused = await http.get('/checkout/7?a=b').expect(404);
    const unknown = await http.get('/no-such/7?a=b').expect(404);
    expect(refused.body).toEqual({ ...unknown.body, message: 'Cannot GET /checkout/7?a=b' });
  });

  it('builds the context from the configured parts only, later parts first', async () => {
    const { http } = await shop(
      {
        context: { region: 'eu', plan: 'static', late: 'static' },
        requestContext: { userId: 'X-User', headers: { 'X-Plan': 'plan', 'x-absent': 'absent' } },
        contextFactory: async (context) => ({ late: context.getHandler().name }),
      },
      adapter(),
    );
    const { body } = await http
      .get('/context')
      .set('x-user', 'ann')
      .set('x-plan', 'pro')
      .set('x-secret', 's');
    expect(body).toEqual({ region: 'eu', plan: 'pro', late: 'context', targetingKey: 'ann' });
  });

  it.each(['interceptor', 'none'] as const)(
    'answers a flag once a request under propagation %s',
    async (propagation) => {
      @Controller()
      class FlippingController {
        @FeatureFlag('new-checkout')
        @Get()
        async read(
          @FlagValue('new-checkout', false) first: boolean,
          @FlagDetails('new-checkout', false) second: EvaluationDetails<boolean>,
        ) {
          return [first, second.value];
        }
      }
      const asked: string[] = [];
      let on = false;
      const flipping = new TypedInMemoryProvider({});
      flipping.resolveBooleanEvaluation = async (key) => {
        asked.push(key);
        return { value: (on = !on), reason: 'STATIC' };
      };
      const { app } = await startShop({ provider: flipping, propagation }, adapter(), [FlippingController]);
      await request(app.getHttpServer()).get('/').expect(200, [true, true]);
      expect(asked).toHaveLength(1);
      await request(app.getHttpServer()).get('/').expect(404);
      await request(app.getHttpServer()).get('/').expect(200, [true, true]);
    },
  );

  it.each(['interceptor', 'none'] as const)(
    "lets a request's own attribute win over the static one, for guard and parameters too (%s)",
    async (propagation) => {
      const seen: unknown[] = [];
      const provider = new TypedInMemoryProvider({});
      provider.resolveBooleanEvaluation = async (_key, _default, context) => {
        seen.push({ ...context });
        return { value: true, reason: 'STATIC' };
      };
      @Controller()
      class PlanController {
        @FeatureFlag('guarded')
        @Get()
        read(@FlagValue('parameter', false) parameter: boolean) {
          return parameter;
        }
      }
      const { app } = await startShop(
        {
          provider,
          propagation,
          context: { plan: 'static', region: 'eu' },
          requestContext: { headers: { 'x-plan': 'plan' } },
        },
        adapter(),
        [PlanController],
      );
      await request(app.getHttpServer()).get('/').set('x-plan', 'pro').expect(200);
      const expected = { plan: 'pro', region: 'eu' };
      expect(seen).toEqual([expected, expected]);
    },
  );

  it('does not keep for the user what a guard was told about nobody', async () => {
    @Injectable()
    class Authentication implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const req = context.switchToHttp().getRequest<{ user?: object; headers: Record<string, string> }>();
        req.user = { id: req.headers['x-user'] };
        return true;
      }
    }
    @Controller()
    class AccountController {
      constructor(private readonly flags: FlagService) {}

      // Nest runs the guards of the lower decorator first: here the flag is judged before anybody is known.
      @UseGuards(Authentication)
      @FeatureFlag('for-ann', { equals: [true, false] })
      @Get('early')
      async early(@FlagValue('for-ann', false) parameter: boolean) {
        return [parameter, await this.flags.isEnabled('for-ann'), this.flags.context.targetingKey];
      }

      @FeatureFlag('for-ann')
      @UseGuards(Authentication)
      @Get('late')
      late() {
        return 'for ann';
      }
    }
    const { http } = await shop({}, adapter(), [AccountController]);
    await http.get('/early').set('x-user', 'ann').expect(200, [true, true, 'ann']);
    await http.get('/early').set('x-user', 'bob').expect(200, [false, false, 'bob']);
    await http.get('/late').set('x-user', 'ann').expect(200);
    await http.get('/late').set('x-user', 'bob').expect(404);
  });

  it('never gives one user the context of another', async () => {
    @Controller()
    class WhoController {
      constructor(
        private readonly flags: FlagService,
        @OpenFeatureClient() private readonly client: Client,
      ) {}

      @Get()
      async who(@Req() req: { headers: Record<string, string> }, @FlagValue('echo', '') parameter: string) {
        const before = await this.flags.getStringValue('echo', '');
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
        const after = await this.client.getStringValue('echo', '');
        return [req.headers['x-user'], parameter, before, after, this.flags.context.targetingKey];
      }
    }
    const echo = new TypedInMemoryProvider({});
    echo.resolveStringEvaluation = async (_key, _default, context) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      return { value: context?.targetingKey ?? 'nobody', reason: 'STATIC' };
    };
    const { app } = await startShop({ provider: echo, requestContext: { userId: 'x-user' } }, adapter(), [
      WhoController,
    ]);
    const users = Array.from({ length: 200 }, (_unused, index) => `user-${index}`);
    const server = app.getHttpServer();
    const seen = await Promise.all(users.map((user) => request(server).get('/').set('x-user', user)));
    for (const [index, response] of seen.entries()) {
      expect(new Set(response.body as string[])).toEqual(new Set([users[index]]));
    }
  });

  it('starts, answers defaults and stays quick to refuse while Flagship is absent', async () => {
    const { http, flags } = await shop(
      { baseUrl: `http://127.0.0.1:${await closedPort()}`, retries: 0, timeout: 500 },
      adapter(),
    );
    const { body } = await http.get('/home').expect(200);
    expect(body).toMatchObject({
      parameter: 'classic',
      details: { reason: 'ERROR', errorCode: 'GENERAL' },
      client: 'classic',
    });
    await http.get('/checkout/7').expect(404);
    expect(await flags.getNumberDetails('limit', 3)).toMatchObject({ value: 3, errorCode: 'GENERAL' });
  });

  it('keeps the request alive when context functions fail, and says so once for each', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    try {
      const { http } = await shop(
        {
          context: { region: 'eu' },
          requestContext: {
            userId: () => {
              throw new Error('no session');
            },
          },
          contextFactory: () => Promise.reject(new Error('no tenant')),
        },
        adapter(),
      );
      await http.get('/context').expect(200, { region: 'eu' });
      await http.get('/context').expect(200, { region: 'eu' });
      const told = warn.mock.calls.map(([line]) => String(line).split(';')[0]);
      expect(told).toEqual(['Option "requestContext.userId" failed', 'Option "contextFactory" failed']);
    } finally {
      warn.mockRestore();
    }
  });
});

describe('FlagService', () => {
  it('has a method a type, each with its details', async () => {
    const { flags } = await shop({});
    expect(await flags.isEnabled('for-ann')).toBe(false);
    expect(await flags.isEnabled('for-ann', false, { targetingKey: 'ann' })).toBe(true);
    expect(await flags.getBooleanValue('for-ann', true)).toBe(false);
    expect(await flags.getStringValue('home-page', '')).toBe('modern');
    expect(await flags.getNumberValue('limit', 0)).toBe(20);
    expect(await flags.getIntegerValue('limit', 0)).toBe(20);
    expect(await flags.getObjectValue('look', {})).toEqual({ accent: 'teal' });
    expect(await flags.getStringDetails('limit', 'x')).toMatchObject({
      value: 'x',
      errorCode: 'TYPE_MISMATCH',
    });
    expect(await flags.getObjectDetails('none', null)).toMatchObject({
      value: null,
      errorCode: 'FLAG_NOT_FOUND',
    });
    expect(flags.client.metadata.providerMetadata.name).toBe('Flagship Server Provider');
  });

  it('takes only whole numbers as integers', async () => {
    flagship.setFlags({
      half: 2.5,
      whole: 2,
      off: { key: 'off', enabled: false, default_variation: 'a', variations: { a: 1 }, rules: [] },
    });
    const { flags } = await shop({});
    expect(await flags.getIntegerDetails('half', 7)).toMatchObject({
      value: 7,
      reason: 'ERROR',
      errorCode: 'TYPE_MISMATCH',
    });
    expect(await flags.getIntegerDetails('whole', 7)).toMatchObject({ value: 2, reason: 'STATIC' });
    expect(await flags.getIntegerDetails('off', 2.5)).toMatchObject({ value: 2.5, reason: 'DISABLED' });
    expect(await flags.getIntegerDetails('none', 7)).toMatchObject({ value: 7, errorCode: 'FLAG_NOT_FOUND' });
  });

  it('runs code outside a request under a context of its own', async () => {
    const { flags } = await shop({ context: { region: 'eu' } });
    const seen = await flags.withContext({ targetingKey: 'ann' }, async () => {
      await new Promise(setImmediate);
      return [
        await flags.isEnabled('for-ann'),
        flags.context,
        await flags.client.getBooleanValue('for-ann', false),
      ];
    });
    expect(seen).toEqual([true, { region: 'eu', targetingKey: 'ann' }, true]);
    expect(flags.context).toEqual({ region: 'eu' });
    expect(await flags.isEnabled('for-ann')).toBe(false);
    expect(() =>
      flags.withContext({}, () => {
        throw new Error('from within');
      }),
    ).toThrow('from within');
  });
});

describe('contexts from elsewhere', () => {
  const echoProvider = () => {
    const provider = new TypedInMemoryProvider({});
    const seen: unknown[] = [];
    provider.resolveBooleanEvaluation = async (_key, _default, context) => {
      seen.push({ ...context });
      return { value: true, reason: 'STATIC' };
    };
    return { provider, seen };
  };

  it('merges global, static, request and call contexts, the nearer winning', async () => {
    const { provider, seen } = echoProvider();
    OpenFeature.setContext({ global: 1, region: 'global', plan: 'global' });
    @Controller()
    class ReadController {
      constructor(
        private readonly flags: FlagService,
        @OpenFeatureClient() private readonly client: Client,
      ) {}
      @Get()
      async read() {
        await this.flags.isEnabled('a', false, { call: 1 });
        await this.client.getBooleanValue('a', false, { call: 1 });
      }
    }
    const { app } = await startShop(
      {
        provider,
        context: { region: 'eu', plan: 'static' },
        requestContext: { headers: { 'x-plan': 'plan' } },
      },
      undefined,
      [ReadController],
    );
    await request(app.getHttpServer()).get('/').set('x-plan', 'pro').expect(200);
    const expected = { global: 1, region: 'eu', plan: 'pro', call: 1 };
    expect(seen).toEqual([expected, expected]);
  });

  it('sees the static context outside of requests, through service and injected client', async () => {
    const { provider, seen } = echoProvider();
    const { app } = await startShop({ provider, context: { region: 'eu' } });
    await app.get(FlagService).isEnabled('a');
    await app.get(FlagService).client.getBooleanValue('a', false);
    expect(seen).toEqual([{ region: 'eu' }, { region: 'eu' }]);
  });

  it('carries contexts where the application has a propagator of its own', async () => {
    const { provider, seen } = echoProvider();
    const { app } = await startShop({ provider });
    OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator());
    const flags = app.get(FlagService);
    await flags.withContext({ targetingKey: 'ann' }, async () => {
      await flags.isEnabled('a');
      await flags.client.getBooleanValue('a', false);
      await OpenFeature.getClient().getBooleanValue('a', false);
    });
    expect(seen).toEqual([{ targetingKey: 'ann' }, { targetingKey: 'ann' }, { targetingKey: 'ann' }]);
  });

  it('sends an attribute called flagKey nowhere it could be taken for the flag', async () => {
    const { flags } = await shop({});
    const asked = { flagKey: 'limit' };
    expect(await flags.getStringDetails('home-page', 'x', asked)).toMatchObject({
      value: 'x',
      errorCode: 'INVALID_CONTEXT',
    });
    const { flags: inBody } = await shop({ contextTransport: 'body' });
    expect(await inBody.getStringDetails('home-page', 'x', asked)).toMatchObject({
      value: 'modern',
      flagKey: 'home-page',
    });
  });
});

describe('hooks', () => {
  it('of API, module and client run once an evaluation, also for guard and parameters', async () => {
    const seen: string[] = [];
    const hook = (name: string) => ({
      before: ({ flagKey }: { flagKey: string }) => {
        seen.push(`${name} ${flagKey}`);
      },
    });
    OpenFeature.addHooks(hook('api'));
    const { http, flags } = await shop({ hooks: [hook('module')] });
    flags.client.addHooks(hook('client'));
    await http.get('/checkout/7');
    expect(seen).toEqual(['api new-checkout', 'module new-checkout', 'client new-checkout']);
    seen.length = 0;
    await http.get('/home').expect(200);
    // Parameters and service share one evaluation; the injected OpenFeature client always makes its own.
    expect(seen.filter((entry) => entry.startsWith('module'))).toHaveLength(2);
  });
});

describe('forRootAsync', () => {
  @Injectable()
  class OptionsFactory implements FlagshipOptionsFactory {
    createFlagshipOptions(): FlagshipModuleOptions {
      return connection;
    }
  }
  @Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
  class OptionsModule {}

  it.each([
    [
      'useFactory',
      () =>
        FlagshipModule.forRootAsync({
          imports: [OptionsModule],
          inject: [OptionsFactory],
          useFactory: async (factory: OptionsFactory) => factory.createFlagshipOptions(),
        }),
    ],
    ['useClass', () => FlagshipModule.forRootAsync({ useClass: OptionsFactory })],
    [
      'useExisting',
      () => FlagshipModule.forRootAsync({ imports: [OptionsModule], useExisting: OptionsFactory }),
    ],
  ])('takes its options from %s', async (_, module) => {
    const testing = await apps.compile({ imports: [module()] });
    expect(await testing.get(FlagService).getStringValue('home-page', '')).toBe('modern');
  });

  it('is ready before other providers are made', async () => {
    let early: unknown;
    @Injectable()
    class Early {
      constructor(readonly flags: FlagService) {}
      async onModuleInit(): Promise<void> {
        early = await this.flags.getStringValue('home-page', '');
      }
    }
    const testing = await apps.compile({
      imports: [FlagshipModule.forRootAsync({ useFactory: () => connection })],
      providers: [Early],
    });
    await testing.init();
    expect(early).toBe('modern');
  });
});

describe('visibility', () => {
  @Injectable()
  class NeedsFlags {
    constructor(readonly flags: FlagService) {}
  }

  it('is global unless told otherwise', async () => {
    @Module({ providers: [NeedsFlags] })
    class Feature {}
    const compile = (isGlobal: boolean | undefined, domain?: string) =>
      apps.compile({
        imports: [FlagshipModule.forRoot({ ...connection, isGlobal, domain }), Feature],
      });
    await compile(undefined);
    await expect(compile(false, 'not global')).rejects.toThrow('FlagService');
  });
});

describe('domains', () => {
  it('registers under a domain and leaves the default alone', async () => {
    const app = await apps.compile({
      imports: [FlagshipModule.forRoot({ ...connection, domain: 'billing' })],
    });
    const flags = app.get<FlagService>(getFlagsToken('billing'));
    expect(OpenFeature.getProvider()).toBe(NOOP_PROVIDER);
    expect(OpenFeature.getProviderMetadata('billing').name).toBe('Flagship Server Provider');
    expect(await flags.getStringValue('home-page', '')).toBe('modern');
    expect(await OpenFeature.getClient('billing').getStringValue('home-page', '')).toBe('modern');
  });

  it("lets nestjs-sdk's own decorators work inside the module", async () => {
    @Controller()
    class TheirController {
      @Get()
      async read(
        @BooleanFeatureFlag({ flagKey: 'for-ann', defaultValue: false }) details: Observable<object>,
      ) {
        return firstValueFrom(details);
      }
    }
    const { http } = await shop({ requestContext: { userId: 'x-user' } }, undefined, [TheirController]);
    const { body } = await http.get('/').set('x-user', 'ann').expect(200);
    expect(body).toMatchObject({ flagKey: 'for-ann', value: true });
  });
});

describe('closing', () => {
  it('leaves another application of the process its flags, whichever closes first', async () => {
    const second = await servers.startFlagship({ flags: { 'home-page': 'second' } });
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const pair = [
        await startShop(connection),
        await startShop({ baseUrl: second.url, appId: second.appId, accountId: second.accountId }),
      ].map(({ app }) => app);
      const read = (index: number) => pair[index]!.get(FlagService).getStringValue('home-page', '');
      expect(await Promise.all([read(0), read(1)])).toEqual(['modern', 'second']);
      await pair[order[0]!]!.close();
      expect(await read(order[1]!)).toBe(order[1] === 0 ? 'modern' : 'second');
      await pair[order[1]!]!.close();
      expect(OpenFeature.getProvider()).toBe(NOOP_PROVIDER);
    }
  });

  it('answers defaults afterwards and does not remove a provider that somebody else has set', async () => {
    const { app, flags } = await shop({});
    const other = new TypedInMemoryProvider({});
    await OpenFeature.setProviderAndWait(other);
    await app.close();
    expect(OpenFeature.getProvider()).toBe(other);
    expect(await flags.getStringValue('home-page', 'default')).toBe('default');
    await OpenFeature.clearProviders();
  });
});

describe('options that cannot work', () => {
  const refusal = async (options: object): Promise<string> => {
    const compiled = apps.compile({ imports: [FlagshipModule.forRoot(options as FlagshipModuleOptions)] });
    return compiled.then(
      () => 'accepted',
      (error: unknown) => (error as Error).message,
    );
  };

  it.each([
    [{}, '"appId" is missing'],
    [{ appId: 'a' }, '"accountId" is missing'],
    [{ appId: 'a', accountId: 'b', cacheTTL: 5 }, 'no option "cacheTTL"'],
    [
      { appId: 'a', accountId: 'b', propagation: 'magic' },
      '"propagation" must be "interceptor", "middleware", "none", but is "magic"',
    ],
    [
      { appId: 'a', accountId: 'b', requestContext: { headers: ['X-Plan', 'Authorization'] } },
      '"Authorization"',
    ],
    [{ appId: 'a', accountId: 'b', requestContext: { headers: { cookie: 'session' } } }, '"cookie"'],
    [
      { appId: 'a', accountId: 'b', requestContext: { userId: 'cookie' } },
      '"requestContext.userId" lists the header "cookie"',
    ],
    [
      { appId: 'a', accountId: 'b', requestContext: { headers: ['not a header'] } },
      '"requestContext.headers" must name request headers',
    ],
    [{ appId: 'a', accountId: 'b', requestContext: { userID: 'x' } }, 'no option "requestContext.userID"'],
    [{ provider: new TypedInMemoryProvider({}), appId: 'a' }, '"provider" and "appId" exclude each other'],
    [{ provider: new TypedInMemoryProvider({}), hooks: {} }, '"hooks" must be a list'],
  ])('%j stop the start', async (options, message) => {
    expect(await refusal(options)).toContain(message);
  });

  it.each([
    [() => FeatureFlag([]), 'needs a flag'],
    [() => FeatureFlag('a', { equals: ['x', 1] }), 'one type'],
    [() => FeatureFlag('a', { equals: 'x', defaultValue: true as never }), '"defaultValue" is true'],
    [() => FlagValue('a', undefined as never), 'needs a default value'],
    [() => FlagDetails('', 1), "needs a flag's key"],
  ])('stop a class from being defined', (decorate, message) => {
    expect(decorate).toThrow(message);
  });
});
