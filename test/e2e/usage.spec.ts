import {
  All,
  Controller,
  Get,
  type INestApplication,
  Injectable,
  Logger,
  Module,
  type ModuleMetadata,
  Post,
  RequestMethod,
  Version,
  VERSION_NEUTRAL,
  VersioningType,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { Mutation, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { TypedInMemoryProvider } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagDetails,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagValue,
  getFlagsToken,
} from 'nestjs-flagship';
import request from 'supertest';
import { closedPort } from '../fixtures/closed-port';
import { useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';

@FeatureFlag('shop')
@Controller('shop')
class ShopController {
  @FeatureFlag(['checkout', 'payments'], { match: 'any' })
  @Post('checkout/:id')
  checkout(@FlagValue('limit', 10) limit: number, @FlagDetails('page', '') page: object) {
    return [limit, page, this.helper()];
  }

  @Get(['a', 'b'])
  several() {
    return 'several';
  }

  @All()
  root() {
    return 'root';
  }

  /** No route; that the class has a flag says nothing of it. */
  helper() {
    return 'helped';
  }
}

@Controller()
class PlainController {
  @Get('plain')
  read() {
    return 'plain';
  }
}

const uses = (flags: FlagService) =>
  flags
    .usage()
    .flatMap(({ key, uses: places }) =>
      places.map(({ decorator, where, handler }) => `${key}: ${where} (${decorator} in ${handler})`),
    );

const apps = useApp();
const servers = useServer();
const cleanUp = useCleanup();
const logged = { log: [] as string[], warn: [] as string[] };
beforeEach(() => {
  for (const level of ['log', 'warn'] as const) {
    logged[level].length = 0;
    const spy = jest.spyOn(Logger.prototype, level).mockImplementation((...said: unknown[]) => {
      logged[level].push(String(said[0]));
    });
    cleanUp(async () => spy.mockRestore());
  }
});

async function create(
  metadata: ModuleMetadata,
  options: Partial<FlagshipModuleOptions> = {},
): Promise<INestApplication> {
  const provider = new TypedInMemoryProvider({});
  const isOurs = Object.keys(options).some((name) => ['definitions', 'localEvaluation'].includes(name));
  return apps.create({
    ...metadata,
    imports: [
      FlagshipModule.forRoot(isOurs ? options : { provider, ...options }),
      ...(metadata.imports ?? []),
    ],
  });
}

describe('usage()', () => {
  it('names the flags of routes, gates and parameters, and where', async () => {
    const app = await create({ controllers: [ShopController, PlainController] });
    await app.init();
    const checkout = 'POST /shop/checkout/:id';
    const inCheckout = 'in ShopController.checkout';
    expect(uses(app.get(FlagService))).toEqual([
      `checkout: ${checkout} (@FeatureFlag ${inCheckout})`,
      `limit: ${checkout} (@FlagValue ${inCheckout})`,
      `page: ${checkout} (@FlagDetails ${inCheckout})`,
      `payments: ${checkout} (@FeatureFlag ${inCheckout})`,
      `shop: ${checkout} (@FeatureFlag ${inCheckout})`,
      'shop: GET /shop/a (@FeatureFlag in ShopController.several)',
      'shop: GET /shop/b (@FeatureFlag in ShopController.several)',
      'shop: ALL /shop (@FeatureFlag in ShopController.root)',
    ]);
  });

  it('names routes as they are served', async () => {
    @Controller({ path: 'orders', version: ['1', '2', VERSION_NEUTRAL] })
    class OrdersController {
      @FeatureFlag('orders')
      @Get(':id')
      read() {
        return 'order';
      }

      @Version('3')
      @FeatureFlag('orders')
      @Get()
      list() {
        return 'orders';
      }
    }
    @Controller('health')
    class HealthController {
      @FeatureFlag('health')
      @Get()
      read() {
        return 'well';
      }

      @FeatureFlag('health')
      @Post()
      write() {
        return 'well';
      }
    }
    @Module({ controllers: [OrdersController] })
    class OrdersModule {}
    const app = await create(
      {
        imports: [OrdersModule, RouterModule.register([{ path: 'sales', module: OrdersModule }])],
        controllers: [HealthController],
      },
      { definitions: { orders: true, health: true } },
    );
    app.setGlobalPrefix('api', { exclude: [{ path: 'health', method: RequestMethod.GET }] });
    app.enableVersioning({ type: VersioningType.URI });
    await app.listen(0, '127.0.0.1');
    const routes = app
      .get(FlagService)
      .usage()
      .flatMap(({ uses: places }) => places.map(({ where }) => where));
    expect(routes).toEqual([
      'GET /health',
      'POST /api/health',
      'GET /api/v1/sales/orders/:id',
      'GET /api/v2/sales/orders/:id',
      'GET /api/sales/orders/:id',
      'GET /api/v3/sales/orders',
    ]);
    const http = request(app.getHttpServer() as never);
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const response = await http[method.toLowerCase() as 'get' | 'post'](path.replace(':id', '7'));
      expect([route, response.status < 300]).toEqual([route, true]);
    }
  });

  it('names resolvers, messages of gateways and patterns', async () => {
    @Resolver('Product')
    class ProductResolver {
      @FeatureFlag('products')
      @Query(() => [String])
      products() {
        return [];
      }
      @FeatureFlag('buying')
      @Mutation(() => String, { name: 'buy' })
      buyOne() {
        return '';
      }
      @FeatureFlag('news')
      @Subscription(() => String)
      news() {
        return '';
      }
      @FeatureFlag('prices')
      @ResolveField()
      price() {
        return '';
      }
    }
    @FeatureFlag('chat')
    @WebSocketGateway()
    class ChatGateway {
      @SubscribeMessage('say')
      say(@FlagValue('max-length', 100) max: number) {
        return max;
      }
    }
    @Controller()
    class SumController {
      @FeatureFlag('sums')
      @MessagePattern({ cmd: 'sum' })
      sum() {
        return 0;
      }
      @FeatureFlag('mails')
      @EventPattern('paid')
      paid() {
        return undefined;
      }
    }
    @Injectable()
    class Reports {
      @FeatureFlag('reports')
      build() {
        return 'report';
      }
    }
    const testing = await apps.compile({
      imports: [FlagshipModule.forRoot({ provider: new TypedInMemoryProvider({}) })],
      providers: [
        ProductResolver,
        ChatGateway,
        Reports,
        { provide: 'again', useFactory: () => new Reports() },
        { provide: 'value', useValue: 7 },
        { provide: 'none', useValue: null },
        { provide: 'function', useFactory: () => () => 7 },
      ],
      controllers: [SumController],
    });
    await testing.init();
    expect(uses(testing.get(FlagService))).toEqual([
      'buying: mutation buy (@FeatureFlag in ProductResolver.buyOne)',
      'chat: WebSocket message "say" (@FeatureFlag in ChatGateway.say)',
      'mails: event pattern "paid" (@FeatureFlag in SumController.paid)',
      'max-length: WebSocket message "say" (@FlagValue in ChatGateway.say)',
      'news: subscription news (@FeatureFlag in ProductResolver.news)',
      'prices: field Product.price (@FeatureFlag in ProductResolver.price)',
      'products: query products (@FeatureFlag in ProductResolver.products)',
      'reports: Reports.build (@FeatureFlag in Reports.build)',
      'sums: message pattern {"cmd":"sum"} (@FeatureFlag in SumController.sum)',
    ]);
  });

  it('lists inherited handlers, and a class of two modules once', async () => {
    abstract class Base {
      @FeatureFlag('base')
      @Get('base')
      read(@FlagValue('size', 1) size: number) {
        return size;
      }
    }
    @Controller('one')
    class OneController extends Base {}
    @Module({ controllers: [OneController] })
    class First {}
    @Module({ controllers: [OneController] })
    class Second {}
    const app = await create({ imports: [First, Second] });
    await app.init();
    expect(uses(app.get(FlagService))).toEqual([
      'base: GET /one/base (@FeatureFlag in OneController.read)',
      'size: GET /one/base (@FlagValue in OneController.read)',
    ]);
  });

  it('is each module’s own', async () => {
    @Controller()
    class BothController {
      @FeatureFlag('ours')
      @FeatureFlag('theirs', { domain: 'billing' })
      @Get()
      read(@FlagValue('amount', 1, { domain: 'billing' }) amount: number) {
        return amount;
      }
    }
    const billing = FlagshipModule.forRoot({ domain: 'billing', provider: new TypedInMemoryProvider({}) });
    const app = await create({ imports: [billing], controllers: [BothController] });
    await app.init();
    const keys = (domain?: string) =>
      app
        .get<FlagService>(getFlagsToken(domain))
        .usage()
        .map(({ key }) => key);
    expect(keys()).toEqual(['ours']);
    expect(keys('billing')).toEqual(['amount', 'theirs']);
  });

  it('is empty if the code names no flag', async () => {
    const app = await create({ controllers: [PlainController] }, { listUsage: true });
    await app.init();
    expect(app.get(FlagService).usage()).toEqual([]);
    expect(logged.log).toContain('The code names no flags.');
  });
});

describe('at start', () => {
  const fromFlagship = () => logged.log.filter((text) => text.includes('The code names'));

  it('logs the flags in one entry under the option', async () => {
    const app = await create(
      { controllers: [ShopController] },
      { listUsage: true, definitions: { checkout: true, payments: true, limit: 1, page: '' } },
    );
    await app.init();
    expect(fromFlagship()).toEqual([
      [
        'The code names these flags:',
        '  checkout',
        '    POST /shop/checkout/:id  (@FeatureFlag in ShopController.checkout)',
        '  limit',
        '    POST /shop/checkout/:id  (@FlagValue in ShopController.checkout)',
        '  page',
        '    POST /shop/checkout/:id  (@FlagDetails in ShopController.checkout)',
        '  payments',
        '    POST /shop/checkout/:id  (@FeatureFlag in ShopController.checkout)',
        '  shop  (not in Flagship)',
        '    POST /shop/checkout/:id  (@FeatureFlag in ShopController.checkout)',
        '    GET /shop/a  (@FeatureFlag in ShopController.several)',
        '    GET /shop/b  (@FeatureFlag in ShopController.several)',
        '    ALL /shop  (@FeatureFlag in ShopController.root)',
      ].join('\n'),
    ]);
  });

  it('warns once of all flags that Flagship does not have', async () => {
    const app = await create({ controllers: [ShopController] }, { definitions: { limit: 1, page: '' } });
    await app.init();
    expect(fromFlagship()).toEqual([]);
    expect(logged.warn).toEqual([
      'The code names flags that Flagship does not have: "checkout", "payments", "shop".',
    ]);
  });

  it('warns of them with local evaluation as well', async () => {
    const local = await servers.startFlagship({ flags: { shop: true, limit: 1, page: '' } });
    const { url: baseUrl, appId, accountId } = local;
    const app = await create(
      { controllers: [ShopController] },
      { baseUrl, appId, accountId, localEvaluation: true },
    );
    await app.init();
    expect(logged.warn).toEqual([
      'The code names flags that Flagship does not have: "checkout", "payments".',
    ]);
  });

  it('logs nothing if Flagship has all of them, or if that cannot be known', async () => {
    const all = { shop: true, checkout: true, payments: true, limit: 1, page: '' };
    await (await create({ controllers: [ShopController] }, { definitions: all })).init();
    await (await create({ controllers: [ShopController] })).init();
    expect(logged.warn).toEqual([]);
    const baseUrl = `http://127.0.0.1:${await closedPort()}`;
    const absent = await create(
      { controllers: [ShopController] },
      { baseUrl, appId: 'a', accountId: 'b', retries: 0, localEvaluation: true },
    );
    await absent.init();
    expect(logged.warn.filter((text) => text.includes('does not have'))).toEqual([]);
    expect(fromFlagship()).toEqual([]);
  });
});
