import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { type DynamicModule, type INestApplication, UseInterceptors } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import {
  Args,
  Context,
  GraphQLModule,
  Info,
  Mutation,
  Query,
  ResolveField,
  ResolveReference,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagService,
  FlagshipContextInterceptor,
  FlagshipModule,
  FlagValue,
} from 'nestjs-flagship';
import request from 'supertest';
import { ResolversExplorerService } from '@nestjs/graphql/dist/services/index.js';
import { subscriber } from '../fixtures/graphql-app';
import { subjectProvider } from '../fixtures/subject-provider';
import { useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';

const typeDefs = `
  type Seen { parameter: String! service: String! client: String! }
  type Cart { id: ID! seen: Seen! }
  type Query { gated: Seen open: Seen! entity: Cart }
  type Mutation { login(id: String!): Seen! }
  type Subscription { seen(times: Int!): Seen! hidden: Seen }
`;

interface Operation {
  user?: { id: string };
  readonly req: { user?: { id: string } };
}

type ReferenceResolver = (reference: object, context: unknown, info: unknown) => unknown;

@Resolver('Cart')
class SubjectResolver {
  constructor(
    private readonly flags: FlagService,
    @OpenFeatureClient() private readonly client: Client,
    private readonly moduleRef: ModuleRef,
  ) {}

  @FeatureFlag('for-ann')
  @Query()
  gated(@FlagValue('who', '') parameter: string) {
    return this.look(parameter);
  }

  @Query()
  open(@FlagValue('who', '') parameter: string) {
    return this.look(parameter);
  }

  /** As `@apollo/subgraph` does for the router of a federation: the reference resolver gets three arguments. */
  @Query()
  entity(@Context() context: unknown, @Info() info: unknown): unknown {
    const explorer = this.moduleRef.get(ResolversExplorerService, { strict: false });
    const [{ Cart }] = [explorer.explore()] as unknown as [Record<'Cart', Record<string, ReferenceResolver>>];
    return Cart.__resolveReference!({ __typename: 'Cart', id: '7' }, context, info);
  }

  @FeatureFlag('for-ann')
  @ResolveReference()
  async reference(reference: { readonly id: string }) {
    return { ...reference, seen: await this.look('none') };
  }

  @ResolveField()
  seen(...[cart]: [{ seen: unknown }]) {
    return cart.seen;
  }

  @Mutation()
  async login(
    @Args('id') id: string,
    @Context() { req }: Operation,
    @FlagValue('who', '') parameter: string,
  ) {
    req.user = { id };
    return this.look(parameter);
  }

  @Subscription('seen')
  async *events(@Args('times') times: number, @FlagValue('who', '') parameter: string) {
    for (let time = 0; time < times; time++) yield { seen: await this.look(parameter) };
  }

  @FeatureFlag('for-ann')
  @Subscription('hidden')
  async *hidden(@FlagValue('who', '') parameter: string) {
    yield { hidden: await this.look(parameter) };
  }

  private async look(parameter: string) {
    const client = await this.client.getStringValue('who', '');
    return { parameter, service: await this.flags.getStringValue('who', ''), client };
  }
}

type Headers = Readonly<Record<string, string | undefined>>;

/** The user that the GraphQL server's own context function has found, as most applications do it. */
function userOf(headers: Headers | undefined): Pick<Operation, 'user'> {
  const id = headers?.['x-user'];
  return id === undefined ? {} : { user: { id } };
}

interface ContextInput {
  readonly req?: { readonly headers: Headers };
  readonly headers?: Headers;
  readonly extra?: { readonly request: { readonly headers: Headers } };
}

const apollo = (): DynamicModule =>
  GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    typeDefs,
    resolvers: {},
    fieldResolverEnhancers: ['guards', 'interceptors'],
    subscriptions: { 'graphql-ws': true },
    allowBatchedHttpRequests: true,
    playground: false,
    context: ({ req, headers, extra }: ContextInput) => userOf((extra?.request ?? req)?.headers ?? headers),
  });

const mercurius = (): DynamicModule =>
  GraphQLModule.forRoot<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    typeDefs,
    fieldResolverEnhancers: ['guards', 'interceptors'],
    subscription: { context: (_socket: unknown, { headers }: { headers: Headers }) => userOf(headers) },
    allowBatchedQueries: true,
    cache: false,
    context: ({ headers }: { headers: Headers }) => userOf(headers),
  } as MercuriusDriverConfig);

/** Under `'middleware'`, which is for HTTP, an application binds the interceptor to its resolvers. */
@UseInterceptors(FlagshipContextInterceptor)
@Resolver('Cart')
class BoundSubjectResolver extends SubjectResolver {}

const apps = useApp();
const cleanUp = useCleanup();

describe.each([
  ['Apollo on Express', () => new ExpressAdapter(), apollo],
  ['Apollo on Fastify', () => new FastifyAdapter(), apollo],
  ['Mercurius', () => new FastifyAdapter(), mercurius],
])('%s', (_name, adapter, graphql) => {
  describe.each(['interceptor', 'middleware', 'none'] as const)('under propagation %s', (propagation) => {
    const inScope = (subject: string) => (propagation === 'none' ? 'nobody -' : subject);
    const seenBy = (user: string, parameter = `${user} -`) => ({
      parameter,
      service: inScope(`${user} -`),
      client: inScope(`${user} -`),
    });
    const SEEN = '{ parameter service client }';

    async function start(
      resolver = propagation === 'middleware' ? BoundSubjectResolver : SubjectResolver,
    ): Promise<INestApplication> {
      const { app } = await apps.start({
        imports: [FlagshipModule.forRoot({ provider: subjectProvider().provider, propagation }), graphql()],
        providers: [resolver],
        adapter: adapter(),
      });
      return app;
    }
    const post = async (app: INestApplication, body: object, user?: string): Promise<unknown> => {
      const http = request(app.getHttpServer()).post('/graphql').send(body);
      return (await (user === undefined ? http : http.set('x-user', user))).body as unknown;
    };
    const ask = async (app: INestApplication, query: string, user?: string) =>
      ((await post(app, { query }, user)) as { data: unknown }).data;

    it('agrees on the user that the context has of its own', async () => {
      const app = await start();
      expect(await ask(app, `{ gated ${SEEN} }`, 'ann')).toEqual({ gated: seenBy('ann') });
      expect(await ask(app, `{ gated ${SEEN} }`, 'bob')).toEqual({ gated: null });
      expect(await ask(app, `{ open ${SEEN} }`)).toEqual({ open: seenBy('nobody') });
    });

    if (propagation === 'middleware') {
      it('evaluates in the scope of the HTTP request where the interceptor is not bound', async () => {
        const app = await start(SubjectResolver);
        const seen = { parameter: 'ann -', service: 'nobody -', client: 'nobody -' };
        expect(await ask(app, `{ gated ${SEEN} }`, 'ann')).toEqual({ gated: seen });
        expect(await ask(app, `{ gated ${SEEN} }`, 'bob')).toEqual({ gated: null });
      });
    }

    it('agrees on the user that a resolver has logged in', async () => {
      const app = await start();
      const login = `mutation { login(id: "ann") ${SEEN} again: login(id: "bob") ${SEEN} }`;
      expect(await ask(app, login)).toEqual({
        login: seenBy('ann', 'nobody -'),
        again: seenBy('bob', 'ann -'),
      });
    });

    it('reads the arguments of a reference resolver as Nest does', async () => {
      const app = await start();
      const seen = { ...seenBy('ann'), parameter: 'none' };
      expect(await ask(app, `{ entity { id seen ${SEEN} } }`, 'ann')).toEqual({ entity: { id: '7', seen } });
      expect(await ask(app, `{ entity { id seen ${SEEN} } }`, 'bob')).toEqual({ entity: null });
    });

    it('answers each operation of a batch', async () => {
      const app = await start();
      const query = `{ gated ${SEEN} }`;
      const data = { gated: seenBy('ann') };
      expect(await post(app, [{ query }, { query }] as object, 'ann')).toEqual([{ data }, { data }]);
    });

    it('answers subscriptions of users side by side, for the user of the context', async () => {
      const app = await start();
      const follow = async (user: string, query: string) => {
        const client = await subscriber(app, { 'x-user': user });
        cleanUp(() => client.dispose());
        const seen: unknown[] = [];
        try {
          for await (const { data } of client.iterate({ query })) seen.push(data);
        } catch {
          seen.push('refused');
        }
        return seen;
      };
      const query = `subscription { seen(times: 3) ${SEEN} }`;
      const [anns, bobs] = await Promise.all([follow('ann', query), follow('bob', query)]);
      expect(anns).toEqual(Array(3).fill({ seen: seenBy('ann') }));
      expect(bobs).toEqual(Array(3).fill({ seen: seenBy('bob') }));
      const hidden = `subscription { hidden ${SEEN} }`;
      expect(await follow('ann', hidden)).toEqual([{ hidden: seenBy('ann') }]);
      const refused = await follow('bob', hidden);
      expect(refused).not.toContainEqual({ hidden: seenBy('bob') });
    });
  });
});
