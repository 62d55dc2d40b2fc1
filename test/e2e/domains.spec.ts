import {
  Controller,
  type DynamicModule,
  Get,
  type INestApplication,
  Injectable,
  Logger,
  Module,
  type ModuleMetadata,
  UseInterceptors,
} from '@nestjs/common';
import { type ApplicationConfig, LazyModuleLoader } from '@nestjs/core';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import {
  AsyncLocalStorageTransactionContextPropagator,
  type Client,
  type EvaluationDetails,
  type Hook,
  NOOP_TRANSACTION_CONTEXT_PROPAGATOR,
  OpenFeature,
} from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagDetails,
  FlagService,
  FlagshipContextInterceptor,
  FlagshipModule,
  type FlagshipModuleExtras,
  type FlagshipModuleOptions,
  FlagValue,
  getFlagsToken,
  InjectFlags,
} from 'nestjs-flagship';
import request from 'supertest';
import { NamedProvider } from '../fixtures/named-provider';
import { adapters, useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';

type Options = Omit<FlagshipModuleOptions, 'provider'> & FlagshipModuleExtras;

const apps = useApp();
const cleanUp = useCleanup();
let shop: NamedProvider;
let billing: NamedProvider;
beforeEach(() => {
  shop = new NamedProvider('shop');
  billing = new NamedProvider('billing');
});

const shopModule = (options: Options = {}) => FlagshipModule.forRoot({ provider: shop, ...options });
const billingModule = (options: Options = {}) =>
  FlagshipModule.forRoot({ provider: billing, domain: 'billing', ...options });

async function listen(
  metadata: ModuleMetadata,
  adapter: (typeof adapters)[number][1] = adapters[0]![1],
): Promise<INestApplication> {
  const { app } = await apps.start({ ...metadata, adapter: adapter() });
  return app;
}
const http = (app: INestApplication) => request(app.getHttpServer() as never);

@Injectable()
class BothServices {
  constructor(
    readonly byClass: FlagService,
    @InjectFlags() readonly unnamed: FlagService,
    @InjectFlags('billing') readonly billing: FlagService,
    @OpenFeatureClient() readonly client: Client,
    @OpenFeatureClient({ domain: 'billing' }) readonly billingClient: Client,
  ) {}
}

@Controller()
class BothController {
  constructor(private readonly services: BothServices) {}

  @FeatureFlag('gate')
  @FeatureFlag('gate', { domain: 'billing' })
  @Get('page')
  async page(
    @FlagValue('home', '') parameter: string,
    @FlagValue('home', '', { domain: 'billing' }) billingParameter: string,
    @FlagDetails('home', '', { domain: 'billing' }) details: EvaluationDetails<string>,
  ) {
    const { byClass, billing: billingFlags } = this.services;
    return {
      shop: [parameter, await byClass.getStringValue('home', '')],
      billing: [billingParameter, details.value, await billingFlags.getStringValue('home', '')],
    };
  }

  @Get('contexts')
  contexts() {
    return [this.services.byClass.context, this.services.billing.context];
  }

  @Get('clients')
  async clients() {
    await this.services.client.getBooleanValue('a', false);
    await this.services.billingClient.getBooleanValue('a', false);
    await OpenFeature.getClient('billing').getBooleanValue('plain', false);
  }
}

const both = (imports: DynamicModule[]) => ({
  imports,
  controllers: [BothController],
  providers: [BothServices],
});

describe.each(adapters)('a second module on %s', (_, adapter) => {
  it.each([
    ['after', () => [shopModule(), billingModule()]],
    ['before', () => [billingModule(), shopModule()]],
  ])('imported %s the first answers where its domain is named', async (_order, imports) => {
    const app = await listen(both(imports()), adapter);
    // The gate's flag, then one answer a request and module.
    await http(app)
      .get('/page')
      .expect(200, { shop: ['shop 1', 'shop 1'], billing: ['billing 1', 'billing 1', 'billing 1'] });
    await http(app)
      .get('/page')
      .expect(200, { shop: ['shop 2', 'shop 2'], billing: ['billing 2', 'billing 2', 'billing 2'] });
    billing.on = false;
    await http(app).get('/page').expect(404);

    const services = app.get(BothServices);
    expect(services.unnamed).toBe(services.byClass);
    expect(app.get(FlagService)).toBe(services.byClass);
    expect(app.get(getFlagsToken())).toBe(services.byClass);
    expect(app.get(getFlagsToken('billing'))).toBe(services.billing);
    expect(services.byClass.client).toBe(services.client);
    expect(services.billing.client).toBe(services.billingClient);
  });

  it('keeps its own context for its own flags, with one interceptor for both', async () => {
    let built = 0;
    const app = await listen(
      both([
        billingModule({
          context: { app: 'billing', currency: 'eur' },
          requestContext: { userId: 'x-account' },
          contextFactory: async () => ({ built: (built += 1) }),
        }),
        shopModule({ context: { app: 'shop' }, requestContext: { userId: 'x-user', headers: ['x-plan'] } }),
      ]),
      adapter,
    );
    const headers = { 'x-user': 'ann', 'x-plan': 'pro', 'x-account': 'acme' };
    const ofShop = { app: 'shop', targetingKey: 'ann', 'x-plan': 'pro' };
    const ofBilling = (count: number) => ({
      app: 'billing',
      currency: 'eur',
      targetingKey: 'acme',
      built: count,
    });

    await http(app)
      .get('/contexts')
      .set(headers)
      .expect(200, [ofShop, ofBilling(1)]);
    await http(app).get('/page').set(headers).expect(200);
    expect(shop.takeContexts()).toEqual([ofShop, ofShop]);
    expect(billing.takeContexts()).toEqual([ofBilling(2), ofBilling(2)]);
    expect(built).toBe(2);
    const { config } = app as unknown as { config: ApplicationConfig };
    // Where a factory makes none, Nest keeps the empty place.
    const interceptors = config.getGlobalInterceptors() as (object | undefined)[];
    expect(interceptors.filter((one) => one !== undefined).length).toBe(1);

    await http(app).get('/clients').set(headers).expect(200);
    expect(shop.takeContexts()).toEqual([ofShop]);
    // Injected, the client knows its module. A plain one sees the first module's context, as OpenFeature has but one.
    expect(billing.takeContexts()).toEqual([ofBilling(3), ofShop]);
  });
});

describe('a module of two', () => {
  it('sees only what it is passed where it opens no scope', async () => {
    const app = await listen(
      both([
        shopModule({ requestContext: { userId: 'x-user' } }),
        billingModule({
          propagation: 'none',
          context: { region: 'eu' },
          requestContext: { userId: 'x-user' },
        }),
      ]),
    );
    await http(app)
      .get('/contexts')
      .set('x-user', 'ann')
      .expect(200, [{ targetingKey: 'ann' }, { region: 'eu' }]);
    await http(app).get('/clients').set('x-user', 'ann').expect(200);
    expect(billing.takeContexts()).toEqual([{ region: 'eu' }, { targetingKey: 'ann' }]);
    // Guard and parameters share the request's context all the same; the service asks for its own.
    await http(app).get('/page').set('x-user', 'ann').expect(200);
    const ofRequest = { region: 'eu', targetingKey: 'ann' };
    expect(billing.takeContexts()).toEqual([ofRequest, ofRequest, { region: 'eu' }]);
  });

  it('opens its scope where the other opens none', async () => {
    const app = await listen(
      both([
        shopModule({ propagation: 'none', requestContext: { userId: 'x-user' } }),
        billingModule({ requestContext: { userId: 'x-user' } }),
      ]),
    );
    await http(app)
      .get('/contexts')
      .set('x-user', 'ann')
      .expect(200, [{}, { targetingKey: 'ann' }]);
    await http(app).get('/clients').set('x-user', 'ann').expect(200);
    expect(shop.takeContexts()).toEqual([{}]);
  });

  it('is in the scopes that a controller asks for', async () => {
    @UseInterceptors(FlagshipContextInterceptor)
    @Controller('full')
    class FullController extends BothController {}
    const app = await listen({
      imports: [
        shopModule({ propagation: 'none', requestContext: { userId: 'x-user' } }),
        billingModule({ propagation: 'none', requestContext: { userId: 'x-account' } }),
      ],
      controllers: [FullController],
      providers: [BothServices],
    });
    await http(app)
      .get('/full/contexts')
      .set({ 'x-user': 'ann', 'x-account': 'acme' })
      .expect(200, [{ targetingKey: 'ann' }, { targetingKey: 'acme' }]);
  });

  it('shows its hooks its own context', async () => {
    const seen: unknown[] = [];
    const hook: Hook = { before: ({ context, flagKey }) => void seen.push([flagKey, context.targetingKey]) };
    const app = await listen(
      both([
        shopModule({ requestContext: { userId: 'x-user' } }),
        billingModule({ requestContext: { userId: 'x-account' }, hooks: [hook] }),
      ]),
    );
    await http(app).get('/page').set({ 'x-user': 'ann', 'x-account': 'acme' }).expect(200);
    expect(seen).toEqual([
      ['gate', 'acme'],
      ['home', 'acme'],
    ]);
  });

  it('has its context where the application has a propagator of its own', async () => {
    OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator());
    cleanUp(async () => OpenFeature.setTransactionContextPropagator(NOOP_TRANSACTION_CONTEXT_PROPAGATOR));
    const app = await listen(
      both([
        shopModule({ requestContext: { userId: 'x-user' } }),
        billingModule({ requestContext: { userId: 'x-account' } }),
      ]),
    );
    await http(app).get('/page').set({ 'x-user': 'ann', 'x-account': 'acme' }).expect(200);
    await http(app).get('/clients').set({ 'x-user': 'ann', 'x-account': 'acme' }).expect(200);
    expect(new Set(shop.takeContexts().map(({ targetingKey }) => targetingKey))).toEqual(new Set(['ann']));
    expect(billing.takeContexts().map(({ targetingKey }) => targetingKey)).toEqual([
      'acme',
      'acme',
      'acme',
      'ann',
    ]);
  });

  it('runs code under a context of its own, the other’s scope untouched', async () => {
    const app = await listen(both([shopModule({ context: { app: 'shop' } }), billingModule()]));
    const { byClass, billing: billingFlags } = app.get(BothServices);
    const seen = await byClass.withContext({ targetingKey: 'ann' }, () =>
      billingFlags.withContext({ targetingKey: 'acme' }, async () => {
        await byClass.getStringValue('a', '');
        await billingFlags.getStringValue('a', '');
        const within = [byClass.context, billingFlags.context];
        return [...within, byClass.withContext({ targetingKey: 'bob' }, () => billingFlags.context)];
      }),
    );
    const acme = { targetingKey: 'acme' };
    expect(seen).toEqual([{ app: 'shop', targetingKey: 'ann' }, acme, acme]);
    expect(shop.takeContexts()).toEqual([{ app: 'shop', targetingKey: 'ann' }]);
    expect(billing.takeContexts()).toEqual([acme]);
    byClass.withContext({ targetingKey: 'ann' }, () => {
      expect(billingFlags.context).toEqual({});
    });
  });

  it('does not keep the scopes that a chain of jobs has left', async () => {
    const app = await listen(both([shopModule(), billingModule()]));
    const { byClass, billing: billingFlags } = app.get(BothServices);
    // Each job is started from within the one before: what they left behind would all be searched for a billing scope.
    const job = async (left: number): Promise<unknown> => {
      if (left === 0) return [byClass.context, billingFlags.context];
      await Promise.resolve();
      return byClass.withContext({ targetingKey: String(left) }, () => job(left - 1));
    };
    expect(await job(20_000)).toEqual([{ targetingKey: '1' }, {}]);
  });
});

describe('which module is meant', () => {
  it('is none where each has a domain: FlagService cannot be injected, and decorators answer defaults', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    cleanUp(() => error.mockRestore());
    await expect(apps.compile(both([shopModule({ domain: 'shop' }), billingModule()]))).rejects.toThrow(
      'FlagService',
    );

    @Controller()
    class UnnamedController {
      @FeatureFlag('gate')
      @Get('gated')
      gated() {
        return 'passed';
      }

      @Get()
      read(@FlagValue('home', 'default') value: string) {
        return value;
      }
    }
    const app = await listen({
      imports: [shopModule({ domain: 'shop' }), billingModule()],
      controllers: [UnnamedController],
    });
    await http(app).get('/gated').expect(404);
    await http(app).get('/').expect(200, 'default');
    expect(error.mock.calls.map(([text]) => String(text))).toEqual([
      'There is no FlagshipModule without a domain; name one of "shop", "billing" (option "domain"). Flag "gate" has no answer.',
    ]);
  });

  it('shows plain OpenFeature clients its context where it is the first and each has a domain', async () => {
    @Controller()
    class PlainController {
      @Get()
      async ask() {
        await OpenFeature.getClient('invoices').getBooleanValue('plain', false);
      }
    }
    const app = await listen({
      imports: [
        shopModule({ domain: 'orders', requestContext: { userId: 'x-user' } }),
        billingModule({ domain: 'invoices', requestContext: { userId: 'x-account' } }),
      ],
      controllers: [PlainController],
    });
    await http(app).get('/').set({ 'x-user': 'ann', 'x-account': 'acme' }).expect(200);
    expect(billing.takeContexts()).toEqual([{ targetingKey: 'ann' }]);
  });

  it('is the one without a domain where FlagService is injected next to another', async () => {
    @Injectable()
    class Invoices {
      constructor(
        readonly flags: FlagService,
        @InjectFlags('billing') readonly billing: FlagService,
      ) {}
    }
    @Module({ imports: [billingModule({ isGlobal: false })], providers: [Invoices] })
    class BillingModule {}
    const app = await listen({ imports: [BillingModule, shopModule()] });
    const { flags, billing: own } = app.get(Invoices);
    expect(await flags.getStringValue('a', '')).toBe('shop 1');
    expect(await own.getStringValue('a', '')).toBe('billing 1');
  });

  it('is known only to modules that import it, unless it is global', async () => {
    @Module({ providers: [BothServices] })
    class Elsewhere {}
    const compiled = apps.compile({
      imports: [shopModule(), billingModule({ isGlobal: false }), Elsewhere],
    });
    await expect(compiled).rejects.toThrow('nestjs-flagship:flags:billing');
  });

  it('is ready when it is injected, options from elsewhere included', async () => {
    const late = FlagshipModule.forRootAsync({
      useFactory: async () => {
        await new Promise(setImmediate);
        return { provider: shop };
      },
    });
    const early: string[] = [];
    @Injectable()
    class Early {
      constructor(flags: FlagService, @InjectFlags('billing') own: FlagService) {
        early.push(flags.client.providerStatus, own.client.providerStatus);
      }
    }
    const named = FlagshipModule.forRootAsync({
      domain: 'billing',
      useFactory: () => ({ provider: billing }),
    });
    await listen({ imports: [named, late], providers: [Early] });
    expect(early).toEqual(['READY', 'READY']);
  });

  it('is none for a domain that nobody has: no answer, told once', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    cleanUp(async () => error.mockRestore());
    @Controller()
    class MisspeltController {
      @FeatureFlag('gate', { domain: 'biling' })
      @Get('gated')
      gated() {
        return 'passed';
      }

      @Get()
      read(@FlagDetails('home', 'default', { domain: 'biling' }) details: EvaluationDetails<string>) {
        return details;
      }
    }
    const app = await listen({ imports: [shopModule()], controllers: [MisspeltController] });
    await http(app).get('/gated').expect(404);
    const { body } = await http(app).get('/').expect(200);
    expect(body).toMatchObject({ value: 'default', reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' });
    expect(error.mock.calls.map(([text]) => String(text))).toEqual([
      'There is no FlagshipModule with the domain "biling". Flag "gate" has no answer.',
    ]);
  });
});

describe('two modules that answer for the same', () => {
  let starts = 0;
  const named = (domain?: string): FlagshipModuleOptions => ({
    domain,
    provider: Object.assign(new NamedProvider('twin'), { initialize: async () => void (starts += 1) }),
  });
  const importing = (name: string, module: DynamicModule): DynamicModule['module'] => {
    const holder = { [name]: class {} }[name] as DynamicModule['module'];
    Module({ imports: [module] })(holder);
    return holder;
  };

  it.each([
    ['a domain', 'billing', 'two Flagship modules have the domain "billing"'],
    ['no domain', undefined, 'two Flagship modules have no domain'],
  ])(
    'with %s stop the start before either of them starts, and are both named',
    async (_, domain, problem) => {
      const twin = () => FlagshipModule.forRoot(named(domain));
      const imports = [importing('OrdersModule', twin()), importing('InvoicesModule', twin())];
      starts = 0;
      await expect(apps.compile({ imports })).rejects.toThrow(
        `${problem}, one imported by InvoicesModule, one by OrdersModule`,
      );
      expect(starts).toBe(0);
    },
  );

  it.each([
    [
      'of forRootAsync',
      () => FlagshipModule.forRootAsync({ useFactory: () => named(), domain: 'billing' }),
      'AsyncModule',
    ],
    [
      'that is not global',
      () => FlagshipModule.forRoot({ ...named('billing'), isGlobal: false }),
      'AsyncModule',
    ],
    [
      'in a dynamic module',
      () => ({ module: class Inner {}, imports: [FlagshipModule.forRoot(named('billing'))] }),
      'AsyncModule',
    ],
  ])('stop the start where one is one %s', async (_, twin, importer) => {
    const imports = [
      importing('OrdersModule', FlagshipModule.forRoot(named('billing'))),
      importing(importer, twin()),
    ];
    await expect(apps.compile({ imports })).rejects.toThrow(
      `one imported by ${importer}, one by OrdersModule`,
    );
  });

  it('stop a module from being loaded later', async () => {
    const app = await listen({ imports: [FlagshipModule.forRoot(named('billing'))] });
    const late = importing('LateModule', FlagshipModule.forRoot(named('billing')));
    await expect(app.get(LazyModuleLoader).load(() => late)).rejects.toThrow('the domain "billing"');
  });

  it('are one where both places import the same object', async () => {
    const shared = FlagshipModule.forRoot(named('billing'));
    const app = await listen({ imports: [importing('One', shared), importing('Two', shared)] });
    expect(await app.get<FlagService>(getFlagsToken('billing')).getStringValue('a', '')).toBe('twin 1');
  });
});

it.each([
  [() => InjectFlags(''), '@InjectFlags needs a module'],
  [() => FeatureFlag('a', { domain: '' }), '"domain"'],
  [() => FlagValue('a', 1, { domain: 7 as never }), "@FlagValue('a') needs a module's domain as \"domain\""],
  [() => FlagDetails('a', 1, { domian: 'x' } as never), 'has no option "domian". Known: domain.'],
])('a domain that is none stops a class from being defined', (decorate, message) => {
  expect(decorate).toThrow(message);
});
