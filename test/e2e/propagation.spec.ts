import { connect } from 'node:net';
import {
  type ArgumentsHost,
  Body,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Injectable,
  type MiddlewareConsumer,
  type NestInterceptor,
  type NestMiddleware,
  Param,
  type PipeTransform,
  Post,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import {
  AsyncLocalStorageTransactionContextPropagator,
  NOOP_TRANSACTION_CONTEXT_PROPAGATOR,
  type Client,
  OpenFeature,
} from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagService,
  FlagshipContextInterceptor,
  FlagshipContextMiddleware,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagValue,
} from 'nestjs-flagship';
import { type Observable } from 'rxjs';
import { echoProvider } from '../fixtures/echo-provider';
import { adapters, useApp } from '../fixtures/use-app';
import { waitUntil } from '../fixtures/wait-until';
import { useCleanup } from '../fixtures/use-cleanup';

/** Who each part of a request was told that the user is, in the order of a request. */
const seen: string[] = [];

async function look(part: string, flags: FlagService): Promise<void> {
  seen.push(`${part} ${await flags.getStringValue('echo', '')} ${flags.context.targetingKey ?? 'nobody'}`);
}

interface UserRequest {
  readonly headers: Readonly<Record<string, string>>;
  user?: { id: string };
}

@Injectable()
class LookingMiddleware implements NestMiddleware {
  constructor(private readonly flags: FlagService) {}
  async use(_request: unknown, _response: unknown, next: () => void): Promise<void> {
    await look('middleware', this.flags);
    next();
  }
}

@Injectable()
class Authentication implements CanActivate {
  constructor(private readonly flags: FlagService) {}
  async canActivate(context: ExecutionContext): Promise<boolean> {
    await look('guard', this.flags);
    const incoming = context.switchToHttp().getRequest<UserRequest>();
    incoming.user = { id: incoming.headers['x-login']! };
    return true;
  }
}

@Injectable()
class LookingInterceptor implements NestInterceptor {
  constructor(private readonly flags: FlagService) {}
  async intercept(_context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    await look('interceptor', this.flags);
    return next.handle();
  }
}

@Injectable()
class LookingPipe implements PipeTransform {
  constructor(private readonly flags: FlagService) {}
  async transform(value: unknown): Promise<unknown> {
    await look('pipe', this.flags);
    return value;
  }
}

@Injectable()
@Catch(RangeError)
class LookingFilter implements ExceptionFilter {
  constructor(private readonly flags: FlagService) {}
  async catch(_error: unknown, host: ArgumentsHost): Promise<void> {
    await look('filter', this.flags);
    const response = host
      .switchToHttp()
      .getResponse<{ status(code: number): { send(body: object): void } }>();
    response.status(418).send({ seen });
  }
}

@Controller()
class LookingController {
  constructor(
    private readonly flags: FlagService,
    @OpenFeatureClient() private readonly client: Client,
  ) {}

  @UseGuards(Authentication)
  @UseInterceptors(LookingInterceptor)
  @UseFilters(LookingFilter)
  @Post('look/:id')
  async look(@Param('id', LookingPipe) _id: string, @FlagValue('echo', '') parameter: string): Promise<void> {
    seen.push(`parameter ${parameter} ${parameter}`);
    await look('handler', this.flags);
    throw new RangeError('for the filter');
  }

  @Post('echo')
  async echo(@Body() body: unknown) {
    return {
      body,
      service: await this.flags.getStringValue('echo', ''),
      client: await this.client.getStringValue('echo', ''),
      context: this.flags.context,
    };
  }

  @FeatureFlag('for-ann')
  @Get('guarded')
  guarded() {
    return this.flags.context;
  }

  @Get('idle')
  idle() {
    return 'idle';
  }

  @Get('count')
  async count(@FlagValue('counter', '') parameter: string) {
    const first = await this.flags.getStringValue('counter', '');
    return [parameter, first, await this.flags.getStringValue('counter', '')];
  }
}

const apps = useApp();
const cleanUp = useCleanup();
afterEach(async () => {
  seen.length = 0;
});

describe.each(adapters)('on %s', (_name, adapter) => {
  async function start(
    options: FlagshipModuleOptions,
    configure: (consumer: MiddlewareConsumer) => void = () => undefined,
  ) {
    const { http } = await apps.start({
      imports: [FlagshipModule.forRoot(options)],
      controllers: [LookingController],
      middleware: configure,
      adapter: adapter(),
    });
    return http;
  }
  const byHeader = { requestContext: { userId: 'x-user' } } as const;

  describe('propagation middleware', () => {
    const propagation = 'middleware' as const;

    it('covers middleware, guards, interceptors, pipes, parameters, handler and filters, each with the user known by then', async () => {
      const http = await start({ propagation, provider: echoProvider().provider }, (consumer) => {
        consumer.apply(LookingMiddleware).forRoutes(LookingController);
      });
      const { body } = await http.post('/look/7').set('x-login', 'ann').send({ some: 'body' }).expect(418);
      expect(body.seen).toEqual([
        'middleware nobody nobody',
        'guard nobody nobody',
        'interceptor ann ann',
        'pipe ann ann',
        'parameter ann ann',
        'handler ann ann',
        'filter ann ann',
      ]);
    });

    it.each([
      ['JSON', 'application/json', JSON.stringify({ text: 'x'.repeat(50_000) })],
      ['a form', 'application/x-www-form-urlencoded', `text=${'x'.repeat(50_000)}`],
    ])('keeps the scope while a body of %s arrives', async (_type, type, sent) => {
      const http = await start({ propagation, provider: echoProvider().provider, ...byHeader });
      const { body } = await http.post('/echo').set('x-user', 'ann').set('content-type', type).send(sent);
      expect(body).toEqual({
        body: { text: 'x'.repeat(50_000) },
        service: 'ann',
        client: 'ann',
        context: { targetingKey: 'ann' },
      });
    });

    it('keeps the scope while a body arrives in pieces, long after its head', async () => {
      const http = await start({ propagation, provider: echoProvider().provider, ...byHeader });
      const url = new URL(http.get('/echo').url);
      const socket = connect(Number(url.port), url.hostname);
      cleanUp(async () => socket.destroy());
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      const head = ['POST /echo HTTP/1.1', 'host: shop', 'x-user: ann', 'content-type: application/json'];
      const pieces = ['{"text":"', ...Array.from({ length: 20 }, () => 'x'.repeat(1000)), '"}'];
      socket.write(`${head.join('\r\n')}\r\ncontent-length: ${pieces.join('').length}\r\n\r\n`);
      for (const piece of pieces) {
        // Nothing else happens meanwhile but what the server does with the piece before.
        await new Promise((resolve) => socket.write(piece, () => setImmediate(resolve)));
      }
      await waitUntil(() => text.includes('"service"'), 'the answer');
      expect(text).toContain('"service":"ann","client":"ann","context":{"targetingKey":"ann"}');
    });

    it('builds no context for a request that reads no flag', async () => {
      const userId = jest.fn(() => 'ann');
      const contextFactory = jest.fn(() => ({}));
      const { provider } = echoProvider();
      const http = await start({ propagation, provider, requestContext: { userId }, contextFactory });
      await http.get('/idle').expect(200, 'idle');
      await http.get('/idle').expect(200, 'idle');
      // Whether the factory is asynchronous is found out with the first request.
      expect(contextFactory).toHaveBeenCalledTimes(1);
      expect(userId.mock.calls.length).toBeLessThanOrEqual(2);
    });

    it('gives the context factory the execution context, in a handler that no flag guards too', async () => {
      const http = await start({
        propagation,
        provider: echoProvider().provider,
        ...byHeader,
        contextFactory: (context) => ({ handler: context.getHandler().name, type: context.getType() }),
      });
      const { body } = await http.post('/echo').set('x-user', 'ann').send({});
      expect(body.context).toEqual({ targetingKey: 'ann', handler: 'echo', type: 'http' });
      const guarded = await http.get('/guarded').set('x-user', 'ann').expect(200);
      expect(guarded.body).toEqual({ targetingKey: 'ann', handler: 'guarded', type: 'http' });
      await http.get('/guarded').set('x-user', 'bob').expect(404);
    });

    it('waits for an asynchronous context factory', async () => {
      const { provider, asked } = echoProvider();
      const http = await start({
        propagation,
        provider,
        ...byHeader,
        contextFactory: (context) =>
          new Promise((resolve) => setImmediate(resolve, { late: context.getHandler().name })),
      });
      for (const user of ['ann', 'bob']) {
        const { body } = await http.post('/echo').set('x-user', user).send({});
        expect(body.context).toEqual({ targetingKey: user, late: 'echo' });
      }
      expect(asked.map(({ context }) => context.late)).toEqual(['echo', 'echo', 'echo', 'echo']);
    });

    it('answers a flag once a request', async () => {
      const http = await start({ propagation, provider: echoProvider().provider });
      await http.get('/count').expect(200, ['counter 1', 'counter 1', 'counter 1']);
      await http.get('/count').expect(200, ['counter 2', 'counter 2', 'counter 2']);
    });

    it('adds no interceptor to HTTP routes', async () => {
      const intercept = jest.spyOn(FlagshipContextInterceptor.prototype, 'intercept');
      cleanUp(async () => intercept.mockRestore());
      const http = await start({ propagation, provider: echoProvider().provider, ...byHeader });
      await http.post('/echo').set('x-user', 'ann').expect(201);
      await http.get('/count').expect(200);
      expect(intercept).not.toHaveBeenCalled();
    });

    it('works where the application carries transaction contexts in its own way', async () => {
      OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator());
      cleanUp(async () => OpenFeature.setTransactionContextPropagator(NOOP_TRANSACTION_CONTEXT_PROPAGATOR));
      const http = await start({ propagation, provider: echoProvider().provider, ...byHeader });
      const { body } = await http.post('/echo').set('x-user', 'ann').send({ a: 1 });
      expect(body).toMatchObject({ service: 'ann', client: 'ann', context: { targetingKey: 'ann' } });
    });

    it('has a scope where no route is found', async () => {
      const http = await start(
        { propagation, provider: echoProvider().provider, ...byHeader },
        (consumer) => {
          consumer.apply(LookingMiddleware).forRoutes('{*path}');
        },
      );
      await http.post('/no-such').set('x-user', 'ann').send({ a: 1 }).expect(404);
      expect(seen).toEqual(['middleware ann ann']);
    });
  });

  describe('FlagshipContextMiddleware, applied to some routes', () => {
    it('opens the scope there, with the context factory, and nowhere else', async () => {
      const http = await start(
        {
          propagation: 'none',
          provider: echoProvider().provider,
          ...byHeader,
          contextFactory: (context) => ({ handler: context.getHandler().name }),
        },
        (consumer) => {
          consumer.apply(FlagshipContextMiddleware, LookingMiddleware).forRoutes('echo');
        },
      );
      const { body } = await http
        .post('/echo')
        .set('x-user', 'ann')
        .send({ text: 'x'.repeat(50_000) });
      expect(body).toMatchObject({
        service: 'ann',
        client: 'ann',
        context: { targetingKey: 'ann', handler: 'echo' },
      });
      expect(seen).toEqual(['middleware ann ann']);
      const guarded = await http.get('/guarded').set('x-user', 'ann').expect(200);
      expect(guarded.body).toEqual({});
    });

    it('sees the user that a guard has found', async () => {
      const http = await start({ propagation: 'none', provider: echoProvider().provider }, (consumer) => {
        consumer.apply(FlagshipContextMiddleware).forRoutes('look/:id');
      });
      const { body } = await http.post('/look/7').set('x-login', 'ann').send({ some: 'body' }).expect(418);
      expect((body as { seen: string[] }).seen.slice(-3)).toEqual([
        'parameter ann ann',
        'handler ann ann',
        'filter ann ann',
      ]);
    });
  });
});
