import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  FeatureFlag,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagValue,
} from 'nestjs-flagship';
import { RequestFlags } from '../../lib/service';
import { captureLog } from '../fixtures/captured-log';
import { adapters, useApp } from '../fixtures/use-app';
import { type SocketClient, socketPlatforms } from '../fixtures/socket-clients';
import { subjectProvider } from '../fixtures/subject-provider';
import { waitUntil } from '../fixtures/wait-until';
import { useCleanup } from '../fixtures/use-cleanup';

type Incoming = Record<string, unknown> & { readonly headers: Record<string, string> };

const apps = useApp();
const cleanUp = useCleanup();

const propagations = ['interceptor', 'middleware', 'none'] as const;
const byHeader = { requestContext: { userId: 'x-user' } } as const;

/** Waits until as many requests are under way as take part, so that they overlap at this point. */
@Injectable()
class MeetingGuard implements CanActivate {
  static expected = 0;
  private static waiting: (() => void)[] = [];

  async canActivate(): Promise<boolean> {
    const met = new Promise<void>((resolve) => MeetingGuard.waiting.push(resolve));
    if (MeetingGuard.waiting.length >= MeetingGuard.expected) {
      for (const resolve of MeetingGuard.waiting.splice(0)) resolve();
    }
    await met;
    return true;
  }
}

@UseGuards(MeetingGuard)
@Controller()
class IdentityController {
  constructor(private readonly flags: FlagService) {}

  @FeatureFlag('on')
  @Get()
  async look(@FlagValue('who', '') parameter: string, @FlagValue('count', '') count: string) {
    return { parameter, count, service: await this.flags.getStringValue('who', '') };
  }
}

const SHARED = { user: { id: 'shared' }, headers: { 'x-user': 'shared' } };
const SHARED_LIST: string[] = [];
const FROZEN_LIST: readonly string[] = Object.freeze([]);

/** What applications do to their requests, each by accident or for a reason of its own. */
const habits: [what: string, change: (incoming: Incoming) => void][] = [
  ['keep a buffer of all requests as "raw"', (incoming) => (incoming.raw = SHARED)],
  ['share one list of raw headers', (incoming) => (incoming.rawHeaders = SHARED_LIST)],
  ['freeze the list of raw headers', (incoming) => (incoming.rawHeaders = FROZEN_LIST)],
  ['have no list of raw headers', (incoming) => (incoming.rawHeaders = undefined)],
  [
    'keep "req", "request", "extra" and "data" of their own',
    (incoming) =>
      Object.assign(incoming, { req: SHARED, request: SHARED, extra: { request: SHARED }, data: SHARED }),
  ],
  ['keep a connection of their own', (incoming) => (incoming._socket = SHARED)],
];

describe.each(adapters)('on %s', (_name, adapter) => {
  describe.each(propagations)('under propagation %s', (propagation) => {
    it.each(habits)('keeps users apart where applications %s', async (_, change) => {
      const changing = (incoming: Incoming, _response: unknown, next: () => void): void => {
        change(incoming);
        next();
      };
      const { http } = await apps.start({
        imports: [FlagshipModule.forRoot({ provider: subjectProvider().provider, propagation, ...byHeader })],
        controllers: [IdentityController],
        middleware: (consumer) => void consumer.apply(changing).forRoutes(IdentityController),
        adapter: adapter(),
      });
      const users = ['ann', 'bob', 'cid'];
      MeetingGuard.expected = users.length;
      for (let round = 0; round < 2; round++) {
        const seen = await Promise.all(
          users.map(async (user) => {
            const { body } = await http.get('/').set('x-user', user).expect(200);
            return body as { parameter: string; count: string; service: string };
          }),
        );
        const service = (user: string) => (propagation === 'none' ? 'nobody -' : `${user} -`);
        expect(seen.map(({ parameter }) => parameter)).toEqual(users.map((user) => `${user} -`));
        expect(seen.map((one) => one.service)).toEqual(users.map(service));
        expect(new Set(seen.map(({ count }) => count)).size).toBe(users.length);
      }
    });
  });
});

describe.each(propagations)('GraphQL on express under propagation %s', (propagation) => {
  it('does not take an object for a request because of its name', async () => {
    @Resolver()
    class WhoResolver {
      @Query()
      who(@FlagValue('who', '') who: string) {
        return who;
      }
    }
    const changing = (incoming: Incoming, _response: unknown, next: () => void): void => {
      incoming.extra = { request: SHARED };
      next();
    };
    const { http } = await apps.start({
      imports: [
        FlagshipModule.forRoot({ provider: subjectProvider().provider, propagation, ...byHeader }),
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          typeDefs: 'type Query { who: String! }',
          playground: false,
          context: ({ req }: { req: Incoming }) => ({ req, request: SHARED, extra: { request: SHARED } }),
        }),
      ],
      providers: [WhoResolver],
      middleware: (consumer) => void consumer.apply(changing).forRoutes('{*path}'),
    });
    const ask = (user: string) => http.post('/graphql').set('x-user', user).send({ query: '{ who }' });
    for (const user of ['ann', 'bob']) {
      expect((await ask(user)).body).toEqual({ data: { who: `${user} -` } });
    }
  });
});

describe.each(adapters)('messages of WebSockets on %s', (_name, adapter) => {
  @WebSocketGateway()
  class PlainGateway {
    @FeatureFlag('on')
    @SubscribeMessage('gated')
    gated(
      @FlagValue('count', '') first: string,
      @FlagValue('count', '') second: string,
      @FlagValue('who', '') who: string,
    ) {
      return { event: 'gated', data: [first, second, who] };
    }

    @SubscribeMessage('open')
    open(
      @FlagValue('count', '') first: string,
      @FlagValue('count', '') second: string,
      @FlagValue('who', '') who: string,
    ) {
      return { event: 'open', data: [first, second, who] };
    }
  }

  const CONSTANT = {};
  const options: Partial<FlagshipModuleOptions> = { propagation: 'none', ...byHeader };

  it('are told apart by client and message although the parser returns the same object for all', async () => {
    const messageParser = (data: unknown) => {
      const { event } = JSON.parse(String(data)) as { event: string };
      return { event, data: CONSTANT };
    };
    const { url } = await apps.start({
      imports: [FlagshipModule.forRoot({ provider: subjectProvider().provider, ...options })],
      providers: [PlainGateway],
      adapter: adapter(),
      configure: (app) => app.useWebSocketAdapter(new WsAdapter(app, { messageParser })),
    });
    const clients: SocketClient[] = [];
    for (const user of ['ann', 'bob']) {
      const client = await socketPlatforms[0]![2](url, { 'x-user': user });
      clients.push(client);
      cleanUp(() => client.close());
    }
    const counts: string[] = [];
    for (const event of ['gated', 'open', 'gated', 'open']) {
      for (const [index, client] of clients.entries()) {
        client.send(event, {});
        await waitUntil(() => client.received.length > 0, 'the answer');
        const [first, second, who] = client.received.splice(0)[0]!.data as string[];
        expect([event, second, who]).toEqual([event, first, index === 0 ? 'ann -' : 'bob -']);
        counts.push(first!);
      }
    }
    expect(new Set(counts).size).toBe(counts.length);
  });
});

it.each(['graphql', 'ws', 'rpc', 'http'])('answers for a request of %s that cannot be read', async (type) => {
  const lines = captureLog();
  cleanUp(() => jest.restoreAllMocks());
  const broken = new Proxy(
    {},
    {
      get: () => {
        throw new Error('revoked');
      },
    },
  );
  const args = {
    graphql: [undefined, {}, broken, {}],
    ws: [broken, {}],
    rpc: [{}, broken],
    http: [broken, {}],
  };
  const execution = new ExecutionContextHost(args[type as 'ws'], IdentityController, () => undefined);
  execution.setType(type);
  const { provider } = subjectProvider();
  const imports = [FlagshipModule.forRoot({ provider, contextFactory: () => ({ plan: 'pro' }) })];
  const testing = await apps.compile({ imports });
  const flags = testing.get(RequestFlags, { strict: false });
  expect((await flags.evaluate(execution, 'string', 'who', '')).value).toBe('nobody pro');
  expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
});

it('answers for a message whose user and headers cannot be read', async () => {
  const lines = captureLog();
  cleanUp(() => jest.restoreAllMocks());
  const context = {
    getType: () => 'rpc',
    switchToRpc: () => ({ getContext: () => failing, getData: () => 1 }),
  };
  const failing = {
    get user(): never {
      throw new Error('not ready');
    },
    getHeaders(): never {
      throw new Error('no headers');
    },
  };
  const { provider } = subjectProvider();
  const testing = await apps.compile({
    imports: [FlagshipModule.forRoot({ provider, requestContext: { headers: ['x-plan'] } })],
  });
  const flags = testing.get(RequestFlags, { strict: false });
  const details = await flags.evaluate(context as unknown as ExecutionContext, 'string', 'who', '');
  expect(details.value).toBe('nobody -');
  const told = lines.filter((line) => line.startsWith('warn')).map((line) => line.split(';')[0]);
  expect(told).toEqual(['warn Option "request.user" failed', 'warn Option "requestContext.headers" failed']);
});
