import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  type INestApplication,
  Injectable,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { Args, Mutation, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  FlagValue,
  FlagshipContextInterceptor,
} from 'nestjs-flagship';
import request from 'supertest';
import { echoProvider } from '../fixtures/echo-provider';
import { waitUntilGone } from '../fixtures/garbage';
import { graphqlServers, subscriber } from '../fixtures/graphql-app';
import { waitUntil } from '../fixtures/wait-until';
import { useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';

/** A source of events that a test drives, and that asks a flag for each event it hands out. */
class Ticker implements AsyncIterableIterator<unknown> {
  static readonly open = new Set<Ticker>();
  private readonly waiting: ((n: number | undefined) => void)[] = [];
  private ended = false;

  constructor(private readonly flags: FlagService) {
    Ticker.open.add(this);
  }

  static async tick(n: number): Promise<void> {
    await waitUntil(
      () => [...Ticker.open].some(({ waiting }) => waiting.length > 0),
      'a waiting subscription',
    );
    for (const { waiting } of Ticker.open) waiting.shift()?.(n);
  }

  async next(): Promise<IteratorResult<unknown>> {
    const n = this.ended
      ? undefined
      : await new Promise<number | undefined>((resolve) => this.waiting.push(resolve));
    if (n === undefined) return { done: true, value: undefined };
    const fromSource = await this.flags.getStringValue('echo', '');
    return { done: false, value: { ticks: { n, fromSource } } };
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.ended = true;
    Ticker.open.delete(this);
    for (const resolve of this.waiting) resolve(undefined);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

@Injectable()
class Login implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { req } = context.getArgByIndex<{ req: { user?: object } }>(2);
    req.user = { id: context.getArgByIndex<{ id: string }>(1).id };
    return true;
  }
}

/** A service that knows nothing of the request. */
@Injectable()
class OwnerService {
  constructor(private readonly flags: FlagService) {}
  owner(): Promise<string> {
    return this.flags.getStringValue('echo', '');
  }
  count(): Promise<string> {
    return this.flags.getStringValue('count', '');
  }
}

@Resolver('Cart')
class CartResolver {
  constructor(
    private readonly owners: OwnerService,
    private readonly flags: FlagService,
    @OpenFeatureClient() private readonly client: Client,
  ) {}

  @Query()
  cart() {
    return { id: '7' };
  }

  @Query()
  count(@FlagValue('count', '') count: string) {
    return count;
  }

  @FeatureFlag('for-ann')
  @Query()
  hidden() {
    return 'seen';
  }

  @FeatureFlag('for-ann', { otherwise: () => new ForbiddenException('Not yet') })
  @Query()
  refused() {
    return 'seen';
  }

  @Query()
  late() {
    return `${this.flags.context.handler as string} ${this.flags.context.targetingKey ?? 'nobody'}`;
  }

  @Mutation()
  async buy(@Args('item') item: string) {
    return `${item} for ${await this.client.getStringValue('echo', '')}`;
  }

  @FeatureFlag('on-login', { equals: true })
  @UseGuards(Login)
  @Mutation()
  async login(@FlagValue('echo', '') parameter: string) {
    return `${parameter} ${await this.owners.owner()}`;
  }

  @ResolveField()
  owner() {
    return this.owners.owner();
  }

  @ResolveField('count')
  ownCount() {
    return this.owners.count();
  }

  @ResolveField()
  parameter(@FlagValue('count', '') count: string) {
    return count;
  }

  @FeatureFlag('for-ann')
  @ResolveField('hidden')
  hiddenField() {
    return 'seen';
  }
}

interface Tick {
  readonly n: number;
  readonly fromSource: string;
}

@Resolver('Tick')
class TickResolver {
  constructor(
    private readonly owners: OwnerService,
    private readonly flags: FlagService,
  ) {}

  @Subscription()
  ticks() {
    return new Ticker(this.flags);
  }

  @FeatureFlag('for-ann')
  @Subscription()
  hiddenTicks() {
    return new Ticker(this.flags);
  }

  @ResolveField()
  async owner(...[tick]: [Tick]) {
    return `${tick.fromSource} ${await this.owners.owner()}`;
  }

  @ResolveField()
  async count(@FlagValue('count', '') parameter: string) {
    return `${parameter} ${await this.owners.count()}`;
  }
}

/** Under `'middleware'`, which is for HTTP, an application binds the interceptor to its resolvers. */
@UseInterceptors(FlagshipContextInterceptor)
@Resolver('Cart')
class BoundCartResolver extends CartResolver {}

@UseInterceptors(FlagshipContextInterceptor)
@Resolver('Tick')
class BoundTickResolver extends TickResolver {}

const resolvers = {
  interceptor: [CartResolver, TickResolver],
  middleware: [BoundCartResolver, BoundTickResolver],
  none: [CartResolver, TickResolver],
};

const apps = useApp();
const cleanUp = useCleanup();
afterEach(async () => {
  await waitUntil(() => Ticker.open.size === 0, 'the end of every subscription with its connection');
});

describe.each(graphqlServers)('%s', (_name, adapter, graphql) => {
  describe.each(['interceptor', 'middleware', 'none'] as const)('under propagation %s', (propagation) => {
    async function start(options: FlagshipModuleOptions): Promise<INestApplication> {
      const { app } = await apps.start({
        imports: [FlagshipModule.forRoot({ propagation, ...options }), graphql()],
        providers: [...resolvers[propagation], OwnerService],
        adapter: adapter(),
      });
      return app;
    }
    const byHeader = { requestContext: { userId: 'x-user' } } as const;

    const ask = async (app: INestApplication, query: string, user?: string) => {
      const http = request(app.getHttpServer()).post('/graphql').send({ query });
      const { body } = await (user === undefined ? http : http.set('x-user', user));
      return body as {
        data: Record<string, never> | null;
        errors?: { message: string; extensions: object }[];
      };
    };

    it('guards queries and fields, and refuses with NOT_FOUND', async () => {
      const app = await start({ provider: echoProvider().provider, ...byHeader });
      expect(await ask(app, '{ hidden cart { hidden } }', 'ann')).toEqual({
        data: { hidden: 'seen', cart: { hidden: 'seen' } },
      });
      const { data, errors } = await ask(app, '{ hidden cart { id hidden } }', 'bob');
      expect(data).toEqual({ hidden: null, cart: { id: '7', hidden: null } });
      expect(errors).toHaveLength(2);
      for (const error of errors!) {
        expect(error).toMatchObject({ message: 'Not Found', extensions: { code: 'NOT_FOUND' } });
      }
      expect((await ask(app, '{ refused }', 'ann')).data).toEqual({ refused: 'seen' });
      expect((await ask(app, '{ refused }', 'bob')).errors).toMatchObject([{ message: 'Not yet' }]);
    });

    it('hands parameters the value for the user of the request, and answers once an operation', async () => {
      const { provider, asked } = echoProvider();
      const app = await start({ provider, ...byHeader });
      const { data } = await ask(app, '{ count again: count cart { parameter } }', 'ann');
      expect(data).toEqual({ count: 'count 1', again: 'count 1', cart: { parameter: 'count 1' } });
      expect(asked).toEqual([{ key: 'count', context: { targetingKey: 'ann' } }]);
      expect((await ask(app, '{ count }', 'ann')).data).toEqual({ count: 'count 2' });
    });

    it('gives the context factory the execution context of the resolver', async () => {
      const { provider, asked } = echoProvider();
      const app = await start({
        provider,
        ...byHeader,
        contextFactory: async (context) => ({ handler: context.getHandler().name, type: context.getType() }),
      });
      await ask(app, '{ count }', 'ann');
      await ask(app, '{ count }', 'bob');
      expect(asked.map(({ context }) => context)).toEqual([
        { targetingKey: 'ann', handler: 'count', type: 'graphql' },
        { targetingKey: 'bob', handler: 'count', type: 'graphql' },
      ]);
    });

    it('ends a refused subscription with NOT_FOUND, and lets another one through', async () => {
      const app = await start({ provider: echoProvider().provider, ...byHeader });
      const bob = await subscriber(app, { 'x-user': 'bob' });
      cleanUp(() => bob.dispose());
      const events = bob.iterate({ query: 'subscription { hiddenTicks { n } }' });
      const refused = await events.next().catch((errors: unknown) => ({ value: { errors } }));
      expect(refused.value).toMatchObject({ errors: [{ message: 'Not Found' }] });
    });

    it('keeps the operations of a batch apart, unless the request has a scope of its own', async () => {
      const app = await start({ provider: echoProvider().provider, ...byHeader });
      const batch = [{ query: '{ count again: count }' }, { query: '{ count again: count }' }];
      const { body } = await request(app.getHttpServer()).post('/graphql').set('x-user', 'ann').send(batch);
      const counts = (body as { data: { count: string; again: string } }[]).map(({ data }) => data);
      for (const { count, again } of counts) expect(again).toBe(count);
      expect(new Set(counts.map(({ count }) => count)).size).toBe(propagation === 'middleware' ? 1 : 2);
    });

    if (propagation === 'none') return;

    it('shares one scope among all resolvers of an operation', async () => {
      const app = await start({ provider: echoProvider().provider, ...byHeader });
      const { data } = await ask(
        app,
        '{ cart { owner count parameter } again: cart { owner count } }',
        'ann',
      );
      const count = (data as unknown as { cart: { count: string } }).cart.count;
      expect(data).toEqual({
        cart: { owner: 'ann', count, parameter: count },
        again: { owner: 'ann', count },
      });
      expect((await ask(app, 'mutation { buy(item: "tea") }', 'bob')).data).toEqual({ buy: 'tea for bob' });
    });

    it('evaluates again for the user after an evaluation without a user', async () => {
      const app = await start({ provider: echoProvider().provider });
      const { data } = await ask(app, 'mutation { login(id: "ann") }');
      expect(data).toEqual({ login: 'ann ann' });
      const both = await ask(app, 'mutation { a: login(id: "ann") b: login(id: "bob") }');
      expect(both.data).toEqual({ a: 'ann ann', b: 'bob bob' });
    });

    it('waits for an asynchronous context factory before the resolver runs', async () => {
      const app = await start({
        provider: echoProvider().provider,
        ...byHeader,
        contextFactory: (context) =>
          new Promise((resolve) => setImmediate(resolve, { handler: context.getHandler().name })),
      });
      expect((await ask(app, '{ late }', 'ann')).data).toEqual({ late: 'late ann' });
      expect((await ask(app, '{ late }', 'bob')).data).toEqual({ late: 'late bob' });
    });

    it('keeps the users of simultaneous operations apart', async () => {
      const app = await start({ provider: echoProvider().provider, ...byHeader });
      const users = Array.from({ length: 60 }, (_unused, index) => `user-${index}`);
      const answers = await Promise.all(
        users.map((user) => ask(app, '{ a: cart { owner } b: cart { owner } }', user)),
      );
      expect(answers.map(({ data }) => data)).toEqual(
        users.map((user) => ({ a: { owner: user }, b: { owner: user } })),
      );
    });

    it('keeps the context of the connection for each event, and one scope for a subscription', async () => {
      const app = await start({ provider: echoProvider().provider, ...byHeader });
      const follow = async (user: string) => {
        const client = await subscriber(app, { 'x-user': user });
        cleanUp(() => client.dispose());
        return client.iterate({ query: 'subscription { ticks { n owner count } }' });
      };
      const anns = await follow('ann');
      const bobs = await follow('bob');
      const read = async (n: number) => {
        const next = [anns.next(), bobs.next()];
        await waitUntil(() => Ticker.open.size === 2, 'two subscriptions');
        await Ticker.tick(n);
        return (await Promise.all(next)).map(
          ({ value }) => (value as { data: { ticks: object } }).data.ticks,
        );
      };
      const [ann, bob] = (await read(1)) as { count: string }[];
      expect([ann, bob]).toMatchObject([{ owner: 'ann ann' }, { owner: 'bob bob' }]);
      expect(ann!.count).not.toBe(bob!.count);
      expect(await read(2)).toEqual([
        { ...ann, n: 2 },
        { ...bob, n: 2 },
      ]);
    });

    it('releases a subscription that the client ends', async () => {
      const markers: WeakRef<object>[] = [];
      const { provider, asked } = echoProvider();
      const app = await start({
        provider,
        contextFactory: () => {
          const marker = { some: 'object' };
          markers.push(new WeakRef(marker));
          return { marker };
        },
      });
      const client = await subscriber(app, {});
      cleanUp(() => client.dispose());
      const events = client.iterate({ query: 'subscription { ticks { n } }' });
      const first = events.next();
      await Ticker.tick(1);
      await first;
      expect(Ticker.open.size).toBe(1);
      await events.return?.();
      await waitUntil(() => Ticker.open.size === 0, 'the end of the source');
      expect(markers.length).toBeGreaterThan(0);
      // The connection is still open.
      asked.length = 0;
      await waitUntilGone(markers, 'the scope of the subscription');
    });
  });
});
