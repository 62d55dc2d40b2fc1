import { type AddressInfo, type Server as NetServer } from 'node:net';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { type ExecutionContext, type Type } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { io } from 'socket.io-client';
import { useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';
import { onFor, rule } from './flags';
import { useReadme } from './use-readme';

const code = useReadme();
const apps = useApp();
const cleanUp = useCleanup();

it('cart.resolver.ts: GraphQL hides a field, and evaluates in the scope of the operation', async () => {
  const { CartResolver } = code.load<{ CartResolver: Type }>('cart.resolver.ts');
  code.flagship.setFlags({
    'home-page': 'modern',
    'upload-limit': 20,
    'gift-wrap': onFor('gift-wrap', 'plan', 'pro'),
  });
  const graphql = GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    typeDefs: `
      type Cart { id: ID! limit: Int! page: String! giftWrap: String }
      type Query { cart(id: ID!): Cart! }
    `,
    fieldResolverEnhancers: ['guards', 'interceptors'],
    playground: false,
  });
  const { http } = await code.startWith(
    { providers: [CartResolver], imports: [graphql] },
    { requestContext: { headers: { 'x-plan': 'plan' } } },
  );
  const query = '{ cart(id: "7") { id limit page giftWrap } }';
  const cart = { id: '7', limit: 20, page: 'modern' };
  const pro = await http.post('/graphql').set('x-plan', 'pro').send({ query }).expect(200);
  expect(pro.body).toEqual({ data: { cart: { ...cart, giftWrap: 'red paper' } } });
  const free = await http.post('/graphql').send({ query }).expect(200);
  expect(free.body).toMatchObject({
    data: { cart: { ...cart, giftWrap: null } },
    errors: [{ message: 'Not Found', extensions: { code: 'NOT_FOUND' } }],
  });
});

it('chat.gateway.ts: a gateway evaluates for the user of the connection', async () => {
  const { ChatGateway } = code.load<{ ChatGateway: Type }>('chat.gateway.ts');
  code.flagship.setFlags({
    'message-limit': {
      key: 'message-limit',
      enabled: true,
      variations: { short: 5, long: 50 },
      default_variation: 'short',
      rules: [rule('targetingKey', 'ann', 'long')],
    },
    reactions: onFor('reactions', 'targetingKey', 'ann'),
  });
  const { url } = await code.startWith(
    { providers: [ChatGateway] },
    { requestContext: { userId: 'x-user-id' } },
  );
  const connect = (user: string) => {
    const extraHeaders = { 'x-user-id': user };
    const socket = io(url, { extraHeaders, reconnection: false, forceNew: true });
    cleanUp(() => socket.disconnect());
    const event = (name: string) => new Promise((resolve) => socket.once(name, resolve));
    return { socket, event };
  };
  const [ann, bob] = [connect('ann'), connect('bob')];
  const said = [ann.event('said'), bob.event('said')];
  for (const { socket } of [ann, bob]) socket.emit('say', 'hello world');
  expect(await Promise.all(said)).toEqual(['hello world', 'hello']);
  const reacted = [ann.event('reacted'), bob.event('exception')];
  for (const { socket } of [ann, bob]) socket.emit('react', ':)');
  expect(await Promise.all(reacted)).toMatchObject([':)', { message: 'Not Found' }]);
});

it('orders.controller.ts: a microservice evaluates for the user of the message', async () => {
  const { OrdersController } = code.load<{ OrdersController: Type }>('orders.controller.ts');
  code.flagship.setFlags({
    'home-page': 'modern',
    'express-orders': onFor('express-orders', 'targetingKey', 'ann'),
  });
  const contextFactory = (execution: ExecutionContext) => ({
    targetingKey: execution.switchToRpc().getData<{ userId: string }>().userId,
  });
  const service = await apps.startMicroservice(
    { imports: [code.flagshipModule({ contextFactory })], controllers: [OrdersController] },
    { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } },
  );
  const { port } = service.unwrap<NetServer>().address() as AddressInfo;
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
  });
  cleanUp(() => client.close());
  const send = (pattern: string, order: object): Promise<unknown> =>
    firstValueFrom(client.send<unknown>(pattern, order));
  expect(await send('orders.page', { userId: 'bob' })).toBe('modern');
  expect(await send('orders.express', { id: '7', userId: 'ann' })).toEqual({ express: '7' });
  await expect(send('orders.express', { id: '7', userId: 'bob' })).rejects.toMatchObject({
    message: 'Not Found',
  });
});
