import {
  All,
  Controller,
  Get,
  Head,
  type INestApplication,
  Injectable,
  Module,
  type ModuleMetadata,
  Post,
  RequestMethod,
  Search,
  Sse,
  type Type,
  Version,
  VERSION_NEUTRAL,
  VersioningType,
} from '@nestjs/common';
import { LazyModuleLoader, RouterModule } from '@nestjs/core';
import { Query, Resolver } from '@nestjs/graphql';
import { MessagePattern } from '@nestjs/microservices';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  type EvaluationDetails,
  FeatureFlag,
  FlagDetails,
  FlagService,
  FlagshipModule,
  FlagValue,
} from 'nestjs-flagship';
import request from 'supertest';
import { useApp } from '../fixtures/use-app';
import { useLog } from '../fixtures/captured-log';

const apps = useApp();
// Flags that the definitions do not have are named on purpose.
useLog(/^warn The code names flags that Flagship does not have: "/);

const flagship = (listUsage = false) => FlagshipModule.forRoot({ definitions: { any: true }, listUsage });

async function start(
  metadata: ModuleMetadata,
  setup: (app: INestApplication) => unknown = () => undefined,
): Promise<INestApplication> {
  const imports = [flagship(), ...(metadata.imports ?? [])];
  const { app } = await apps.start({ ...metadata, imports, configure: setup });
  return app;
}

/** What is listed, flag by flag: "key: where". */
const listed = (app: { get(token: typeof FlagService): FlagService }): string[] =>
  app
    .get(FlagService)
    .usage()
    .flatMap(({ key, uses }) => uses.map(({ where }) => `${key}: ${where}`));

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

/** What Express really serves: "GET /path", "ALL /path" where every method leads there. */
function served(app: INestApplication): string[] {
  const { router } = app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
  return router.stack.flatMap(({ route }) => {
    if (route === undefined) return [];
    const methods = Object.keys(route.methods);
    return methods.length > 5 || methods.includes('_all')
      ? [`ALL ${route.path}`]
      : methods.map((method) => `${method.toUpperCase()} ${route.path}`);
  });
}

const routes = (app: INestApplication): string[] =>
  listed(app).map((line) => line.slice(line.indexOf(': ') + 2));

describe('usage() names the routes that Nest serves, and no other', () => {
  @Controller({ path: ['shop', 'store/'], version: ['1', VERSION_NEUTRAL] })
  class ShopController {
    @FeatureFlag('a')
    @Get()
    root() {
      return '';
    }
    @FeatureFlag('a')
    @Get(['list', 'list/:id/'])
    list() {
      return '';
    }
    @Version('2')
    @FeatureFlag('a')
    @Post('/buy')
    buy() {
      return '';
    }
    @FeatureFlag('a')
    @All('all')
    all() {
      return '';
    }
    @FeatureFlag('a')
    @Search('search')
    search() {
      return '';
    }
    @FeatureFlag('a')
    @Head('head')
    head() {
      return '';
    }
    @FeatureFlag('a')
    @Sse('news')
    news() {
      return '';
    }
  }
  @Controller()
  class HealthController {
    @FeatureFlag('a')
    @Get('health')
    read() {
      return '';
    }
    @FeatureFlag('a')
    @Post('health')
    write() {
      return '';
    }
    @FeatureFlag('a')
    @Get()
    root() {
      return '';
    }
  }
  @Module({ controllers: [ShopController] })
  class ShopModule {}

  const prefixed = (app: INestApplication) =>
    app.setGlobalPrefix('api/', {
      exclude: [{ path: 'health', method: RequestMethod.GET }, 'sales/shop/list/:id', '/'],
    });
  const setups: [string, (app: INestApplication) => unknown][] = [
    ['as they stand', () => undefined],
    ['under a prefix', prefixed],
    ['with versions in the path', (app) => app.enableVersioning({ type: VersioningType.URI })],
    [
      'with a default version',
      (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: '9', prefix: false }),
    ],
    [
      'under a prefix, with versions',
      (app) => {
        prefixed(app);
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: ['7', VERSION_NEUTRAL] });
      },
    ],
    [
      'with versions in a header',
      (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
    ],
  ];

  it.each(setups)('%s', async (_, setup) => {
    const imports = [ShopModule, RouterModule.register([{ path: 'sales', module: ShopModule }])];
    const app = await start({ imports, controllers: [HealthController] }, setup);
    expect([...new Set(routes(app))].sort()).toEqual([...new Set(served(app))].sort());
  });
});

describe('usage() names no route', () => {
  const places = async (metadata: ModuleMetadata) => {
    const app = await start(metadata);
    expect(served(app).filter((route) => route.includes('hidden'))).toEqual([]);
    return listed(app);
  };

  it('of a controller that is a provider only', async () => {
    @FeatureFlag('class')
    @Controller('hidden')
    class ProvidedController {
      @FeatureFlag('a')
      @Get()
      read(@FlagValue('b', 1) b: number) {
        return b;
      }
    }
    expect(await places({ providers: [ProvidedController] })).toEqual([
      'a: ProvidedController.read',
      'b: ProvidedController.read',
      'class: ProvidedController',
    ]);
  });

  it('of a base class, and of a handler that is overridden without being a route', async () => {
    @Controller('hidden')
    class Base {
      @FeatureFlag('a')
      @Get()
      read(@FlagValue('b', 1) b: number) {
        return b;
      }
    }
    @Controller('hidden')
    class Overriding extends Base {
      override read(b: number) {
        return b + 1;
      }
    }
    expect(await places({ controllers: [Overriding], providers: [] })).toEqual([]);
    expect(await places({ controllers: [Overriding], providers: [Base] })).toEqual([
      'a: Base.read',
      'b: Base.read',
    ]);
  });

  it('of a module that is loaded later', async () => {
    @Controller('hidden')
    class LateController {
      @FeatureFlag('a')
      @Get()
      read() {
        return '';
      }
    }
    @Module({ controllers: [LateController] })
    class LateModule {}
    const app = await start({});
    await app.get(LazyModuleLoader).load(() => LateModule, { logger: false });
    expect(served(app)).toEqual([]);
    expect(listed(app)).toEqual(['a: LateController.read']);
  });

  it('where no HTTP is spoken, but the place in the code', async () => {
    @Controller('hidden')
    class WorkerController {
      @FeatureFlag('a')
      @Get()
      read() {
        return '';
      }
      @FeatureFlag('b')
      @MessagePattern('sum')
      sum() {
        return 0;
      }
    }
    @Module({ imports: [flagship()], controllers: [WorkerController] })
    class WorkerModule {}
    const worker = await apps.startContext({ imports: [WorkerModule] });
    expect(listed(worker)).toEqual(['a: WorkerController.read', 'b: message pattern "sum"']);
  });
});

describe('usage() names no message, field or pattern', () => {
  it('of classes in which Nest does not look for them', async () => {
    const misplaced = (): Type[] => {
      @Controller()
      class MisplacedController {
        @FeatureFlag('a')
        @SubscribeMessage('say')
        say() {
          return '';
        }
        @FeatureFlag('a')
        @Query(() => String)
        ask() {
          return '';
        }
      }
      @Injectable()
      class MisplacedProvider {
        @FeatureFlag('a')
        @SubscribeMessage('say')
        say() {
          return '';
        }
        @FeatureFlag('a')
        @MessagePattern('sum')
        sum() {
          return '';
        }
      }
      return [MisplacedController, MisplacedProvider];
    };
    const [controller, provider] = misplaced();
    @WebSocketGateway()
    class MadeGateway {
      @FeatureFlag('a')
      @SubscribeMessage('say')
      say() {
        return '';
      }
    }
    const app = await start({
      controllers: [controller!],
      providers: [provider!, { provide: 'gateway', useFactory: () => new MadeGateway() }],
    });
    expect(listed(app)).toEqual([
      'a: MisplacedController.say',
      'a: MisplacedController.ask',
      'a: MisplacedProvider.say',
      'a: MisplacedProvider.sum',
      'a: MadeGateway.say',
    ]);
  });

  it('but those of resolvers that a factory makes', async () => {
    @Resolver()
    class MadeResolver {
      @FeatureFlag('a')
      @Query(() => String)
      ask() {
        return '';
      }
    }
    const app = await start({ providers: [{ provide: 'resolver', useFactory: () => new MadeResolver() }] });
    expect(listed(app)).toEqual(['a: query ask']);
  });
});

it('names what an overriding route asks for of what it overrides, as Nest does', async () => {
  class Base {
    read(@FlagValue('any', false) b: unknown): unknown {
      return b;
    }
  }
  @Controller('shown')
  class Shown extends Base {
    @Get()
    override read(b: unknown, @FlagDetails('c', 1) c?: EvaluationDetails<number>): unknown {
      return { b, c: c?.value };
    }
  }
  const app = await start({ controllers: [Shown] });
  expect(listed(app)).toEqual(['any: GET /shown', 'c: GET /shown']);
  await request(app.getHttpServer() as never)
    .get('/shown')
    .expect(200, { b: true, c: 1 });
});
