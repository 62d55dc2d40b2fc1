import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  type ExecutionContext,
  type INestApplication,
  Injectable,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client } from '@openfeature/server-sdk';
import {
  BaseWsExceptionFilter,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import {
  FeatureFlag,
  FlagService,
  FlagshipContextInterceptor,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagValue,
} from 'nestjs-flagship';
import { concatMap, type Observable, take, timer } from 'rxjs';
import { WebSocketServer } from 'ws';
import { echoProvider } from '../fixtures/echo-provider';
import { waitUntilGone } from '../fixtures/garbage';
import { adapters, useApp } from '../fixtures/use-app';
import { type SocketClient, socketPlatforms } from '../fixtures/socket-clients';
import { waitUntil } from '../fixtures/wait-until';
import { useCleanup } from '../fixtures/use-cleanup';

@Injectable()
class Login implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const id = context.switchToWs().getData<string>();
    context.switchToWs().getClient<{ user?: object }>().user = { id };
    return true;
  }
}

/** Nest's own filter emits an event, which a client of `ws` does not hear of. */
@Catch(WsException)
class SendingFilter extends BaseWsExceptionFilter {
  override catch(exception: WsException, host: ArgumentsHost): void {
    const client = host.switchToWs().getClient<{ handshake?: object; send(text: string): void }>();
    if (client.handshake !== undefined) super.catch(exception, host);
    else
      client.send(
        JSON.stringify({ event: 'exception', data: { status: 'error', message: exception.message } }),
      );
  }
}

@UseFilters(SendingFilter)
@Injectable()
class ShopMessages {
  constructor(
    protected readonly flags: FlagService,
    @OpenFeatureClient() protected readonly client: Client,
  ) {}

  @SubscribeMessage('who')
  async who(@MessageBody() data: unknown, @FlagValue('echo', '') parameter: string) {
    const service = await this.flags.getStringValue('echo', '');
    const client = await this.client.getStringValue('echo', '');
    return { event: 'who', data: { data, parameter, service, client, context: this.flags.context } };
  }

  @FeatureFlag('on-count')
  @SubscribeMessage('count')
  async count(@FlagValue('count', '') first: string, @FlagValue('count', '') second: string) {
    return { event: 'count', data: [first, second, await this.flags.getStringValue('count', '')] };
  }

  @FeatureFlag('for-ann')
  @SubscribeMessage('hidden')
  hidden() {
    return { event: 'hidden', data: 'seen' };
  }

  @FeatureFlag('for-ann', { otherwise: () => new WsException('Not yet') })
  @SubscribeMessage('refused')
  refused() {
    return { event: 'refused', data: 'seen' };
  }

  @FeatureFlag('on-login')
  @UseGuards(Login)
  @SubscribeMessage('login')
  async login(@FlagValue('echo', '') parameter: string) {
    return { event: 'login', data: [parameter, await this.flags.getStringValue('echo', '')] };
  }

  @SubscribeMessage('stream')
  stream(): Observable<unknown> {
    return timer(0, 2).pipe(
      take(3),
      concatMap(async () => ({ event: 'stream', data: await this.flags.getStringValue('echo', '') })),
    );
  }
}

/** Global interceptors do not reach gateways: Nest wants them bound. */
@UseInterceptors(FlagshipContextInterceptor)
@WebSocketGateway()
class ShopGateway extends ShopMessages {}

@WebSocketGateway()
class BareGateway extends ShopMessages {}

const apps = useApp();
const cleanUp = useCleanup();

describe.each(socketPlatforms)('%s', (_platform, webSockets, connect) => {
  describe.each(adapters)('on %s', (_name, adapter) => {
    async function start(options: FlagshipModuleOptions): Promise<INestApplication> {
      const { app } = await apps.start({
        imports: [FlagshipModule.forRoot(options)],
        providers: [options.propagation === 'none' ? BareGateway : ShopGateway],
        adapter: adapter(),
        configure: (created) => created.useWebSocketAdapter(webSockets(created)),
      });
      return app;
    }
    async function open(app: INestApplication, user: string): Promise<SocketClient> {
      const client = await connect(await app.getUrl(), { 'x-user': user });
      cleanUp(() => client.close());
      return client;
    }
    async function answers(client: SocketClient, count: number): Promise<unknown[]> {
      await waitUntil(() => client.received.length >= count, `${count} answers`);
      return client.received.splice(0).map(({ data }) => data);
    }
    const byHeader = { requestContext: { userId: 'x-user' } } as const;

    describe.each(['interceptor', 'middleware'] as const)('under propagation %s', (propagation) => {
      it('knows the user of the request that opened the connection, for each message', async () => {
        const app = await start({
          propagation,
          provider: echoProvider().provider,
          ...byHeader,
          contextFactory: (context) => ({ type: context.getType(), handler: context.getHandler().name }),
        });
        const clients = await Promise.all(['ann', 'bob'].map((user) => open(app, user)));
        for (const client of clients) for (const data of ['text', { an: 'object' }]) client.send('who', data);
        for (const [index, user] of ['ann', 'bob'].entries()) {
          const expected = {
            parameter: user,
            service: user,
            client: user,
            context: { targetingKey: user, type: 'ws', handler: 'who' },
          };
          const seen = await answers(clients[index]!, 2);
          expect(seen).toEqual([
            { ...expected, data: 'text' },
            { ...expected, data: { an: 'object' } },
          ]);
        }
      });

      it('keeps the scope while a message is answered with a stream', async () => {
        const app = await start({ propagation, provider: echoProvider().provider, ...byHeader });
        const clients = await Promise.all(['ann', 'bob'].map((user) => open(app, user)));
        for (const client of clients) client.send('stream', {});
        expect(await answers(clients[0]!, 3)).toEqual(['ann', 'ann', 'ann']);
        expect(await answers(clients[1]!, 3)).toEqual(['bob', 'bob', 'bob']);
      });

      it('answers a flag once a message, and anew for the next, whatever the message says', async () => {
        const app = await start({ propagation, provider: echoProvider().provider, ...byHeader });
        const client = await open(app, 'ann');
        const messages = ['same', 'same', 7, 7, true, { an: 'object' }, { an: 'object' }, null];
        // In one go, so that they overlap.
        for (const message of messages) client.send('count', message);
        const seen = (await answers(client, messages.length)) as string[][];
        for (const one of seen) expect(new Set(one).size).toBe(1);
        expect(new Set(seen.flat()).size).toBe(messages.length);
      });

      it('evaluates again for the user after an evaluation without a user', async () => {
        const app = await start({ propagation, provider: echoProvider().provider });
        const client = await open(app, 'ignored');
        client.send('login', 'ann');
        expect(await answers(client, 1)).toEqual([['ann', 'ann']]);
        client.send('login', 'bob');
        expect(await answers(client, 1)).toEqual([['bob', 'bob']]);
      });

      it('releases a message that has been answered while the connection stays open', async () => {
        const markers: WeakRef<object>[] = [];
        const { provider, asked } = echoProvider();
        const app = await start({
          propagation,
          provider,
          ...byHeader,
          contextFactory: () => {
            const marker = { some: 'object' };
            markers.push(new WeakRef(marker));
            return { marker };
          },
        });
        const client = await open(app, 'ann');
        for (const message of ['text', { an: 'object' }]) client.send('count', message);
        await answers(client, 2);
        client.send('hidden', {});
        await answers(client, 1);
        asked.length = 0;
        expect(markers.length).toBeGreaterThanOrEqual(3);
        await waitUntilGone(markers, 'the scopes of the messages');
      });
    });

    describe('refusals', () => {
      it.each(['interceptor', 'middleware', 'none'] as const)(
        'are WsExceptions under propagation %s',
        async (propagation) => {
          const app = await start({ propagation, provider: echoProvider().provider, ...byHeader });
          const [ann, bob] = await Promise.all(['ann', 'bob'].map((user) => open(app, user)));
          ann!.send('hidden', {});
          expect(await answers(ann!, 1)).toEqual(['seen']);
          for (const event of ['hidden', 'refused']) bob!.send(event, {});
          await waitUntil(() => bob!.received.length === 2, 'two refusals');
          expect(bob!.received).toMatchObject([
            { event: 'exception', data: { status: 'error', message: 'Not Found' } },
            { event: 'exception', data: { status: 'error', message: 'Not yet' } },
          ]);
        },
      );
    });

    it('shares guard and parameters under propagation none, when the message is an object', async () => {
      const app = await start({ propagation: 'none', provider: echoProvider().provider, ...byHeader });
      const client = await open(app, 'ann');
      for (const message of [{}, {}]) client.send('count', message);
      const seen = (await answers(client, 2)) as string[][];
      for (const [first, second, service] of seen) {
        expect(second).toBe(first);
        expect(service).not.toBe(first);
      }
      expect(seen[0]![0]).not.toBe(seen[1]![0]);
    });
  });
});

it('reads the request that an application keeps, of a server of its own', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');

  @UseInterceptors(FlagshipContextInterceptor)
  @WebSocketGateway()
  class KeepingGateway {
    constructor(private readonly flags: FlagService) {}

    handleConnection(client: { request?: object }, request: object): void {
      client.request = request;
    }

    @SubscribeMessage('who')
    who() {
      return { event: 'who', data: this.flags.context };
    }
  }
  class OwnServerAdapter extends WsAdapter {
    override create(): WebSocketServer {
      return server;
    }
  }
  const options = { provider: echoProvider().provider, requestContext: { userId: 'x-user' } };
  await apps.start({
    imports: [FlagshipModule.forRoot(options)],
    providers: [KeepingGateway],
    configure: (app) => app.useWebSocketAdapter(new OwnServerAdapter(app)),
  });
  const { port } = server.address() as AddressInfo;
  const client = await socketPlatforms[0]![2](`http://127.0.0.1:${port}`, { 'x-user': 'ann' });
  cleanUp(() => client.close());
  client.send('who', {});
  await waitUntil(() => client.received.length > 0, 'the answer');
  expect(client.received).toEqual([{ event: 'who', data: { targetingKey: 'ann' } }]);
});

it('leaves requests for an upgrade alone in an application without gateways', async () => {
  const { app } = await apps.start({
    imports: [FlagshipModule.forRoot({ provider: echoProvider().provider })],
  });
  const server = app.getHttpServer() as { listenerCount(event: string): number };
  expect(server.listenerCount('upgrade')).toBe(0);
});
