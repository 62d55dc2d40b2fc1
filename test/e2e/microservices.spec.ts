import { type AddressInfo, type Server as NetServer } from 'node:net';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  type INestMicroservice,
  Injectable,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import {
  type ClientOptions,
  type ClientProxy,
  ClientProxyFactory,
  type CustomTransportStrategy,
  EventPattern,
  KafkaContext,
  MessagePattern,
  type MicroserviceOptions,
  MqttContext,
  NatsContext,
  RmqContext,
  RpcException,
  Server,
  Transport,
} from '@nestjs/microservices';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagService,
  FlagshipContextInterceptor,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagValue,
} from 'nestjs-flagship';
import { concatMap, firstValueFrom, from, lastValueFrom, type Observable, toArray } from 'rxjs';
import { echoProvider } from '../fixtures/echo-provider';
import { waitUntilGone } from '../fixtures/garbage';
import { hasRedis, type RedisServer, startRedis } from '../fixtures/redis-server';
import { waitUntil } from '../fixtures/wait-until';
import { useCleanup } from '../fixtures/use-cleanup';
import { useApp } from '../fixtures/use-app';

@Injectable()
class Login implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const rpc = context.switchToRpc();
    rpc.getContext<{ user?: object }>().user = { id: rpc.getData<{ login: string }>().login };
    return true;
  }
}

const events: unknown[] = [];

@Controller()
class ShopMessages {
  constructor(
    private readonly flags: FlagService,
    @OpenFeatureClient() private readonly client: Client,
  ) {}

  @UseGuards(Login)
  @MessagePattern('who')
  async who(@FlagValue('echo', '') parameter: string) {
    const service = await this.flags.getStringValue('echo', '');
    return [parameter, service, await this.client.getStringValue('echo', ''), this.flags.context];
  }

  @MessagePattern('context')
  context() {
    return this.flags.context;
  }

  @FeatureFlag('on-count')
  @MessagePattern('count')
  async count(@FlagValue('count', '') first: string, @FlagValue('count', '') second: string) {
    return [first, second, await this.flags.getStringValue('count', '')];
  }

  @FeatureFlag('for-ann')
  @UseGuards(Login)
  @MessagePattern('hidden')
  hidden() {
    return 'seen';
  }

  @FeatureFlag('for-ann', { otherwise: () => new RpcException('Not yet') })
  @UseGuards(Login)
  @MessagePattern('refused')
  refused() {
    return 'seen';
  }

  @UseGuards(Login)
  @MessagePattern('stream')
  stream(): Observable<unknown> {
    return from([1, 2, 3]).pipe(concatMap(() => this.flags.getStringValue('echo', '')));
  }

  @UseGuards(Login)
  @EventPattern('happened')
  async happened(): Promise<void> {
    events.push(await this.flags.getStringValue('echo', ''));
  }

  @Get()
  async http() {
    return [await this.flags.getStringValue('echo', '')];
  }
}

const apps = useApp();
const cleanUp = useCleanup();
afterEach(async () => {
  events.length = 0;
});

/** Under `'middleware'`, which is for HTTP, an application binds the interceptor to its message handlers. */
@UseInterceptors(FlagshipContextInterceptor)
@Controller()
class BoundShopMessages extends ShopMessages {}

const shop = (options: FlagshipModuleOptions, controller: typeof ShopMessages) => ({
  imports: [FlagshipModule.forRoot(options)],
  controllers: [controller],
});

const serve = (options: FlagshipModuleOptions, transport: Readonly<MicroserviceOptions>) =>
  apps.startMicroservice(
    shop(options, options.propagation === 'middleware' ? BoundShopMessages : ShopMessages),
    transport,
  );

function client(options: ClientOptions): ClientProxy {
  const proxy = ClientProxyFactory.create(options);
  cleanUp(() => proxy.close());
  return proxy;
}

async function overTcp(options: FlagshipModuleOptions): Promise<ClientProxy> {
  const app = await serve(options, { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } });
  const { port } = app.unwrap<NetServer>().address() as AddressInfo;
  return client({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
}

let redis: RedisServer | undefined;
async function overRedis(options: FlagshipModuleOptions): Promise<ClientProxy> {
  redis ??= await startRedis();
  const { hostname, port } = new URL(redis.url);
  const connection = { transport: Transport.REDIS as const, options: { host: hostname, port: Number(port) } };
  await serve(options, connection);
  return client(connection);
}
afterAll(() => redis?.close());

const transports: [name: string, connect: (options: FlagshipModuleOptions) => Promise<ClientProxy>][] = [
  ['TCP', overTcp],
];
if (hasRedis()) transports.push(['Redis', overRedis]);

const send = (proxy: ClientProxy, pattern: string, data: object): Promise<unknown> =>
  firstValueFrom(proxy.send<unknown>(pattern, data));

describe.each(transports)('over %s', (_name, connect) => {
  describe.each(['interceptor', 'middleware'] as const)('under propagation %s', (propagation) => {
    it('knows the user that a guard has left on the message, through parameter, service and client', async () => {
      const proxy = await connect({ propagation, provider: echoProvider().provider });
      const users = Array.from({ length: 30 }, (_unused, index) => `user-${index}`);
      const seen = await Promise.all(users.map((login) => send(proxy, 'who', { login })));
      expect(seen).toEqual(users.map((user) => [user, user, user, { targetingKey: user }]));
    });

    it('gives the context factory the execution context', async () => {
      const proxy = await connect({
        propagation,
        provider: echoProvider().provider,
        contextFactory: async (context) => ({
          tenant: context.switchToRpc().getData<{ tenant: string }>().tenant,
          handler: context.getHandler().name,
        }),
      });
      expect(await send(proxy, 'context', { tenant: 'a' })).toEqual({ tenant: 'a', handler: 'context' });
      expect(await send(proxy, 'context', { tenant: 'b' })).toEqual({ tenant: 'b', handler: 'context' });
    });

    it('answers a flag once a message, and anew for the next', async () => {
      const proxy = await connect({ propagation, provider: echoProvider().provider });
      const seen = await Promise.all([1, 2, 3].map(() => send(proxy, 'count', {})));
      for (const one of seen) expect(new Set(one as string[]).size).toBe(1);
      expect(new Set(seen.flat()).size).toBe(3);
    });

    it('keeps the scope in streams and events', async () => {
      const proxy = await connect({ propagation, provider: echoProvider().provider });
      const streams = ['ann', 'bob'].map((login) =>
        lastValueFrom(proxy.send<string>('stream', { login }).pipe(toArray())),
      );
      expect(await Promise.all(streams)).toEqual([
        ['ann', 'ann', 'ann'],
        ['bob', 'bob', 'bob'],
      ]);
      await lastValueFrom(proxy.emit('happened', { login: 'ann' }), { defaultValue: undefined });
      await waitUntil(() => events.length > 0, 'the event');
      expect(events).toEqual(['ann']);
    });

    it('releases a message that has been answered', async () => {
      const markers: WeakRef<object>[] = [];
      const { provider, asked } = echoProvider();
      const contextFactory = () => {
        const marker = { some: 'object' };
        markers.push(new WeakRef(marker));
        return { marker };
      };
      const proxy = await connect({ propagation, provider, contextFactory });
      await send(proxy, 'count', {});
      await send(proxy, 'count', {});
      asked.length = 0;
      expect(markers).toHaveLength(2);
      await waitUntilGone(markers, 'the scopes of the messages');
    });
  });

  it.each(['interceptor', 'middleware', 'none'] as const)(
    'refuses with an RpcException under propagation %s',
    async (propagation) => {
      const proxy = await connect({ propagation, provider: echoProvider().provider });
      expect(await send(proxy, 'hidden', { login: 'ann' })).toBe('seen');
      await expect(send(proxy, 'hidden', { login: 'bob' })).rejects.toMatchObject({
        status: 'error',
        message: 'Not Found',
      });
      await expect(send(proxy, 'refused', { login: 'bob' })).rejects.toMatchObject({ message: 'Not yet' });
    },
  );

  it('shares guard and parameters under propagation none', async () => {
    const proxy = await connect({ propagation: 'none', provider: echoProvider().provider });
    const [first, second, service] = (await send(proxy, 'count', {})) as string[];
    expect(second).toBe(first);
    expect(service).not.toBe(first);
  });
});

describe('headers of a message', () => {
  /** Hands messages to handlers with a context of whichever transport. */
  class AnyTransport extends Server implements CustomTransportStrategy {
    listen(callback: () => void): void {
      callback();
    }
    close(): void {
      this.messageHandlers.clear();
    }
    on(): void {
      throw new Error('There are no events.');
    }
    unwrap(): never {
      return this as never;
    }
    async deliver(pattern: string, data: object, context: object): Promise<unknown> {
      const handled = await this.getHandlerByPattern(pattern)!(data, context);
      return firstValueFrom(this.transformToObservable(handled));
    }
  }

  it.each([
    [
      'NATS',
      new NatsContext([
        'shop',
        new Map([
          ['X-User', ['ann']],
          ['X-Plan', ['pro', 'beta']],
        ]),
      ]),
    ],
    [
      'Kafka',
      new KafkaContext([
        { headers: { 'X-User': Buffer.from('ann'), 'x-plan': ['pro', Buffer.from('beta')] } },
      ] as never),
    ],
    [
      'RabbitMQ',
      new RmqContext([{ properties: { headers: { 'X-User': 'ann', 'X-Plan': ['pro', 'beta'] } } }, {}, '']),
    ],
    [
      'MQTT',
      new MqttContext([
        'shop',
        { properties: { userProperties: { 'x-user': 'ann', 'x-plan': ['pro', 'beta'] } } },
      ]),
    ],
    ['gRPC', { getMap: () => ({ 'x-user': 'ann', 'x-plan': 'pro, beta' }) }],
  ])('are read from the context of %s', async (_name, context) => {
    const strategy = new AnyTransport();
    const requestContext = { userId: 'x-user', headers: { 'x-plan': 'plan', 'x-absent': 'absent' } };
    await serve({ provider: echoProvider().provider, requestContext }, { strategy });
    expect(await strategy.deliver('context', {}, context)).toEqual({
      targetingKey: 'ann',
      plan: 'pro, beta',
    });
  });

  it('are none where the transport has none', async () => {
    const proxy = await overTcp({
      provider: echoProvider().provider,
      requestContext: { headers: ['x-plan'] },
    });
    expect(await send(proxy, 'context', {})).toEqual({});
  });
});

it.each([
  ['interceptor', ShopMessages, { ofMessage: 1, ofRoute: 1 }],
  ['middleware', BoundShopMessages, { ofMessage: 1, ofRoute: 1 }],
  ['middleware', ShopMessages, { ofMessage: 0, ofRoute: 0 }],
] as const)(
  'opens scopes for HTTP and messages of one application under propagation %s, %p',
  async (propagation, controller, interceptions) => {
    const intercept = jest.spyOn(FlagshipContextInterceptor.prototype, 'intercept');
    cleanUp(() => intercept.mockRestore());
    const options = { propagation, provider: echoProvider().provider, requestContext: { userId: 'x-user' } };
    let service: INestMicroservice | undefined;
    const { http } = await apps.start({
      ...shop(options, controller),
      configure: (app) => {
        service = app.connectMicroservice<MicroserviceOptions>(
          { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } },
          { inheritAppConfig: true },
        );
        return app.startAllMicroservices();
      },
    });
    const { port } = service!.unwrap<NetServer>().address() as AddressInfo;
    const proxy = client({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    const [first, , third] = (await send(proxy, 'count', {})) as string[];
    // Without a scope the service answers anew.
    expect(third === first).toBe(interceptions.ofMessage > 0);
    expect(intercept).toHaveBeenCalledTimes(interceptions.ofMessage);
    await http.get('/').set('x-user', 'ann').expect(200, ['ann']);
    expect(intercept).toHaveBeenCalledTimes(interceptions.ofMessage + interceptions.ofRoute);
  },
);
