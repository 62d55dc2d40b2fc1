import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  type INestApplication,
  Injectable,
  type NestInterceptor,
  type NestMiddleware,
  Param,
  type PipeTransform,
  StreamableFile,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { GraphQLModule, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { FlagService, FlagshipModule, FlagValue } from 'nestjs-flagship';
import { Observable } from 'rxjs';
import request from 'supertest';
import { Batcher, OwnStream } from '../fixtures/lost-scopes';
import { captureLog } from '../fixtures/captured-log';
import { adapters, useApp } from '../fixtures/use-app';
import { subjectProvider } from '../fixtures/subject-provider';

/** Where code asked a flag → for whom it was answered: the rows of the table in the README's section "Propagation". */
const seen: Record<string, string> = {};

@Injectable()
class Probe {
  constructor(private readonly flags: FlagService) {}

  async at(where: string): Promise<void> {
    seen[where] = await this.who();
  }

  async who(): Promise<string> {
    return (await this.flags.getStringValue('who', '')).split(' ')[0]!;
  }

  within<T>(user: string, run: () => T): T {
    return this.flags.withContext({ targetingKey: user }, run);
  }
}

@Injectable()
class ProbeMiddleware implements NestMiddleware {
  constructor(private readonly probe: Probe) {}
  async use(_request: unknown, _response: unknown, next: () => void): Promise<void> {
    await this.probe.at('middleware');
    next();
  }
}

/**
 * Calls back from a context of its own, as a pool of connections or a parser does. It waits for a second request, and
 * goes on with both in the context of the second.
 */
@Injectable()
class PoolMiddleware implements NestMiddleware {
  static waiting: (() => void)[] = [];
  use(_request: unknown, _response: unknown, next: () => void): void {
    PoolMiddleware.waiting.push(next);
    if (PoolMiddleware.waiting.length < 2) return;
    for (const goOn of PoolMiddleware.waiting.splice(0)) goOn();
  }
}

@Injectable()
class ProbeGuard implements CanActivate {
  constructor(private readonly probe: Probe) {}
  async canActivate(): Promise<boolean> {
    await this.probe.at('guard');
    return true;
  }
}

@Injectable()
class RootInterceptor implements NestInterceptor {
  constructor(private readonly probe: Probe) {}
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() === 'http') await this.probe.at('interceptor of the root module');
    return next.handle();
  }
}

@Injectable()
class ProbeInterceptor implements NestInterceptor {
  constructor(private readonly probe: Probe) {}
  async intercept(_context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    await this.probe.at('interceptor');
    return next.handle();
  }
}

/** Made outside of any request. */
const outside = new AsyncResource('outside');

/** Goes on from a callback that belongs elsewhere, as one does that takes a lock. */
@Injectable()
class PooledInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    return new Observable((subscriber) => outside.runInAsyncScope(() => next.handle().subscribe(subscriber)));
  }
}

@Injectable()
class ProbePipe implements PipeTransform {
  constructor(private readonly probe: Probe) {}
  async transform(value: unknown): Promise<unknown> {
    await this.probe.at('pipe');
    return value;
  }
}

@Injectable()
@Catch(RangeError)
class ProbeFilter implements ExceptionFilter {
  constructor(private readonly probe: Probe) {}
  async catch(_error: unknown, host: ArgumentsHost): Promise<void> {
    await this.probe.at('exception filter');
    host.switchToHttp().getResponse<{ send(body: string): void }>().send('caught');
  }
}

@Controller()
class TableController {
  constructor(private readonly probe: Probe) {}

  @UseGuards(ProbeGuard)
  @UseInterceptors(ProbeInterceptor)
  @UseFilters(ProbeFilter)
  @Get('parts/:id')
  async parts(@Param('id', ProbePipe) _id: string, @FlagValue('who', '') parameter: string): Promise<void> {
    seen.parameter = parameter.split(' ')[0]!;
    await this.probe.at('handler and services');
    await new Promise((resolve) => setTimeout(resolve, 1));
    await this.probe.at('after a timer');
    throw new RangeError('for the filter');
  }

  @Get('later')
  later() {
    const pieces = async function* (this: TableController) {
      yield await this.probe.who();
    };
    return new StreamableFile(Readable.from(pieces.call(this)));
  }

  @Get('own-stream/:how')
  ownStream(@Param('how') how: string) {
    const make = () => this.probe.who();
    return new StreamableFile(new OwnStream(how === 'bound' ? AsyncLocalStorage.bind(make) : make));
  }

  @UseInterceptors(PooledInterceptor)
  @Get('pooled')
  pooled() {
    return this.probe.who();
  }

  @UseGuards(ProbeGuard)
  @Get('continued')
  async continued(@FlagValue('who', '') parameter: string) {
    return [parameter.split(' ')[0], await this.probe.who()];
  }

  @Get('callback/:how')
  callback(@Param('how') how: string) {
    return new Promise((resolve) => {
      const done = (): void => resolve(this.probe.who());
      const called = how === 'bound' ? AsyncLocalStorage.bind(done) : done;
      outside.runInAsyncScope(called);
    });
  }
}

@Resolver('Cart')
class CartResolver {
  constructor(private readonly probe: Probe) {}

  @Query()
  async cart() {
    await this.probe.at('resolver of a query');
    return { id: '7' };
  }

  @ResolveField()
  async id() {
    await this.probe.at('resolver of a field');
    return '7';
  }
}

const apps = useApp();
afterEach(async () => {
  for (const where of Object.keys(seen)) Reflect.deleteProperty(seen, where);
});

type Propagation = 'interceptor' | 'middleware' | 'none';

const graphql = (enhancers: boolean) =>
  GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    typeDefs: 'type Cart { id: ID! } type Query { cart: Cart! }',
    playground: false,
    ...(enhancers ? { fieldResolverEnhancers: ['interceptors'] } : {}),
  });

async function start(
  propagation: Propagation,
  adapter: (typeof adapters)[number][1],
  enhancers = false,
  prepare: (server: { addHook(name: string, hook: unknown): unknown }) => unknown = () => undefined,
): Promise<INestApplication> {
  const options = { provider: subjectProvider().provider, requestContext: { userId: 'x-user' } };
  const { app } = await apps.start({
    imports: [FlagshipModule.forRoot({ ...options, propagation }), graphql(enhancers)],
    controllers: [TableController],
    providers: [Probe, CartResolver, { provide: APP_INTERCEPTOR, useClass: RootInterceptor }],
    middleware: (consumer) => {
      consumer.apply(ProbeMiddleware).forRoutes('parts/:id');
      consumer.apply(PoolMiddleware).forRoutes('continued');
    },
    adapter: adapter(),
    configure: (created) => {
      prepare(created.getHttpAdapter().getInstance());
      created.use((_request: unknown, _response: unknown, next: () => void) => {
        void created.get(Probe).at('app.use').then(next);
      });
    },
  });
  return app;
}

/** Without a type of text, an answer is bytes. */
function textOf({ text, body }: { readonly text?: string; readonly body: unknown }): string {
  return text ?? String(body);
}

async function visit(app: INestApplication, path: string, user = 'ann'): Promise<string> {
  return textOf(await request(app.getHttpServer()).get(path).set('x-user', user).buffer());
}

/** Column of the table: for whom flags are answered. */
const columns: Record<Propagation, Record<string, string>> = {
  interceptor: {
    middleware: 'nobody',
    guard: 'nobody',
    'interceptor of the root module': 'nobody',
    interceptor: 'ann',
    pipe: 'ann',
    parameter: 'ann',
    'handler and services': 'ann',
    'after a timer': 'ann',
    'exception filter': 'nobody',
  },
  middleware: {
    middleware: 'ann',
    guard: 'ann',
    'interceptor of the root module': 'ann',
    interceptor: 'ann',
    pipe: 'ann',
    parameter: 'ann',
    'handler and services': 'ann',
    'after a timer': 'ann',
    'exception filter': 'ann',
  },
  none: {
    middleware: 'nobody',
    guard: 'nobody',
    'interceptor of the root module': 'nobody',
    interceptor: 'nobody',
    pipe: 'nobody',
    parameter: 'ann',
    'handler and services': 'nobody',
    'after a timer': 'nobody',
    'exception filter': 'nobody',
  },
};

describe.each(adapters)('on %s', (name, adapter) => {
  describe.each(['interceptor', 'middleware', 'none'] as const)('under propagation %s', (propagation) => {
    const hasScope = propagation !== 'none';

    it('parts of a request', async () => {
      const app = await start(propagation, adapter);
      expect(await visit(app, '/parts/7')).toBe('caught');
      const { 'app.use': first, ...rest } = seen;
      expect(rest).toEqual(columns[propagation]);
      // Fastify's first hook comes before everything.
      expect(first).toBe(name === 'fastify' && propagation === 'middleware' ? 'ann' : 'nobody');
    });

    it('what is streamed later, by a generator and by a class of its own', async () => {
      const app = await start(propagation, adapter);
      expect(await visit(app, '/later')).toBe(hasScope ? 'ann' : 'nobody');
      expect(await visit(app, '/own-stream/plain')).toMatch(/^(ann|nobody)$/);
      expect(await visit(app, '/own-stream/bound')).toBe(hasScope ? 'ann' : 'nobody');
    });

    it('callbacks that belong to another request, unless they are bound', async () => {
      const app = await start(propagation, adapter);
      expect(await visit(app, '/callback/plain')).toBe('nobody');
      expect(await visit(app, '/callback/bound')).toBe(hasScope ? 'ann' : 'nobody');
      expect(await visit(app, '/pooled')).toBe('nobody');
    });

    it('middleware that goes on from another request’s callback: no code is in the scope of another request', async () => {
      const app = await start(propagation, adapter);
      const warnings = captureLog();
      const both = [visit(app, '/continued', 'ann'), visit(app, '/continued', 'bob')];
      // Express has no hook after Nest's middleware that could restore the scope.
      const isLost = name === 'express' && propagation === 'middleware';
      const service = (user: string) => (hasScope && !isLost ? user : 'nobody');
      expect((await Promise.all(both)).map((text) => JSON.parse(text) as unknown)).toEqual([
        ['ann', service('ann')],
        ['bob', service('bob')],
      ]);
      expect(warnings).toEqual(
        isLost ? [expect.stringContaining('Bind the callback with AsyncResource.bind(next)')] : [],
      );
      expect(propagation === 'middleware' && !isLost ? ['ann', 'bob'] : ['nobody']).toContain(seen.guard);
    });

    if (name === 'fastify') {
      it('a hook of Fastify that goes on from a callback that belongs elsewhere', async () => {
        const hook = (_request: unknown, _reply: unknown, done: () => void) => outside.runInAsyncScope(done);
        const app = await start(propagation, adapter, false, (fastify) =>
          fastify.addHook('preValidation', hook),
        );
        PoolMiddleware.waiting = [() => undefined];
        expect(await visit(app, '/continued')).toBe(JSON.stringify(['ann', hasScope ? 'ann' : 'nobody']));
        expect(seen.guard).toBe(propagation === 'middleware' ? 'ann' : 'nobody');
      });
    }

    it('resolvers of GraphQL, those of fields with and without enhancers', async () => {
      const ask = async (app: INestApplication) => {
        const http = request(app.getHttpServer()).post('/graphql').set('x-user', 'ann');
        await http.send({ query: '{ cart { id } }' }).expect(200);
        return [seen['resolver of a query'], seen['resolver of a field']];
      };
      const expected = {
        interceptor: ['ann', 'nobody'],
        middleware: ['ann', 'ann'],
        none: ['nobody', 'nobody'],
      };
      expect(await ask(await start(propagation, adapter))).toEqual(expected[propagation]);
      const all = hasScope ? ['ann', 'ann'] : ['nobody', 'nobody'];
      expect(await ask(await start(propagation, adapter, true))).toEqual(all);
    });
  });
});

describe('a batch of several users', () => {
  it('runs in the scope of the request that began it; with a loader per request, each in its own', async () => {
    const app = await start('interceptor', adapters[0]![1]);
    const probe = app.get(Probe);
    const shared = new Batcher(() => probe.who());
    const load = (user: string, loader: Batcher) => probe.within(user, () => loader.load('key'));
    expect(await Promise.all([load('ann', shared), load('bob', shared)])).toEqual(['ann', 'ann']);
    const own = () => new Batcher(() => probe.who());
    expect(await Promise.all([load('ann', own()), load('bob', own())])).toEqual(['ann', 'bob']);
  });
});
