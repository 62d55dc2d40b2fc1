import 'reflect-metadata';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { Controller, Get, Module, Version } from '@nestjs/common';
import { ApplicationConfig, ModuleRef } from '@nestjs/core';
import { Query, ResolveField, Resolver } from '@nestjs/graphql';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { NOOP_TRANSACTION_CONTEXT_PROPAGATOR, OpenFeature } from '@openfeature/server-sdk';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import {
  Agent,
  Client,
  EnvHttpProxyAgent,
  getGlobalDispatcher,
  MockAgent,
  Pool,
  ProxyAgent,
  setGlobalDispatcher,
} from 'undici';
import { WebSocket, WebSocketServer } from 'ws';
import {
  applicationConfigOf,
  clientLoggerOf,
  connectionOf,
  EVENT_KIND,
  globalDispatcher,
  isApplicationDispatcher,
  nestMetadata,
  setFirstFastifyHook,
  transactionContextPropagatorOf,
} from '.';

// Each of these fails when a package no longer has what is read. What happens then stands beside the function.

it("finds Nest's application configuration", async () => {
  const testing = await Test.createTestingModule({}).compile();
  expect(applicationConfigOf(testing.get(ModuleRef))).toBeInstanceOf(ApplicationConfig);
  await testing.close();
});

it("finds the logger of OpenFeature's client", () => {
  const logger = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() };
  const client = OpenFeature.getClient('undocumented').setLogger(logger);
  (clientLoggerOf(client) as typeof logger).warn('a line');
  expect(logger.warn).toHaveBeenCalledWith('a line');
});

it("finds OpenFeature's transaction context propagator", () => {
  OpenFeature.setTransactionContextPropagator(NOOP_TRANSACTION_CONTEXT_PROPAGATOR);
  expect(transactionContextPropagatorOf(OpenFeature)).toBe(NOOP_TRANSACTION_CONTEXT_PROPAGATOR);
});

it('finds the connection of a client of ws', async () => {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  const connected = once(server, 'connection') as Promise<[WebSocket, { readonly socket: object }]>;
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const [socket, request] = await connected;
  await once(client, 'open');
  expect(connectionOf(socket)).toBe(request.socket);
  client.terminate();
  socket.terminate();
  server.close();
  http.close();
  await once(http, 'close');
});

it("sets the first hook of Nest's adapter for Fastify, and leaves one that is there", async () => {
  const adapter = new FastifyAdapter();
  const calls: string[] = [];
  const hook = (name: string) => (_request: object, _reply: unknown, done: () => void) => {
    calls.push(name);
    done();
  };
  setFirstFastifyHook(adapter, hook('first'));
  setFirstFastifyHook(adapter, hook('second'));
  await adapter.init();
  await adapter.getInstance().inject({ url: '/' });
  expect(calls).toEqual(['first']);
  await adapter.close();
});

it("finds what Nest's decorators store", () => {
  @Module({ imports: [] })
  class SomeModule {}
  @Controller('shop')
  class SomeController {
    @Version('1')
    @Get('cart')
    route() {
      return 'route';
    }

    @MessagePattern('asked')
    message() {
      return 'message';
    }

    @EventPattern('happened')
    event() {
      return 'event';
    }
  }
  @Resolver('Cart')
  class SomeResolver {
    @Query(() => String, { name: 'cart' })
    query() {
      return 'query';
    }

    @ResolveField()
    field() {
      return 'field';
    }
  }
  @WebSocketGateway()
  class SomeGateway {
    @SubscribeMessage('price')
    socket() {
      return 'socket';
    }
  }
  const methods = (type: { readonly prototype: object }) => type.prototype as Record<string, object>;
  const { route, message, event } = methods(SomeController) as Record<'route' | 'message' | 'event', object>;
  const { query, field } = methods(SomeResolver) as Record<'query' | 'field', object>;
  const { socket } = methods(SomeGateway) as Record<'socket', object>;
  expect({
    imports: nestMetadata('imports', SomeModule),
    path: [nestMetadata('path', SomeController), nestMetadata('path', route)],
    method: nestMetadata('method', route),
    version: nestMetadata('version', route),
    pattern: [nestMetadata('messagePattern', message), nestMetadata('messagePattern', event)],
    kind: [nestMetadata('messageKind', message) === EVENT_KIND, nestMetadata('messageKind', event)],
    graphql: [
      nestMetadata('graphqlType', SomeResolver),
      nestMetadata('graphqlType', query),
      nestMetadata('graphqlName', query),
      nestMetadata('graphqlProperty', field),
    ],
    gateway: nestMetadata('isGateway', SomeGateway),
    socket: [nestMetadata('isSocketMessage', socket), nestMetadata('socketMessage', socket)],
  }).toEqual({
    imports: [],
    path: ['shop', 'cart'],
    method: 0,
    version: '1',
    pattern: [['asked'], ['happened']],
    kind: [false, EVENT_KIND],
    graphql: ['Cart', 'Query', 'cart', true],
    gateway: true,
    socket: [true, 'price'],
  });
});

it.each([
  ['the configuration', () => applicationConfigOf({})],
  ['the logger', () => clientLoggerOf({})],
  ['the propagator', () => transactionContextPropagatorOf({})],
  ['the connection', () => connectionOf({})],
  ['the hook', () => setFirstFastifyHook({}, () => undefined)],
])('returns nothing when %s is gone', (_, read) => {
  expect(read()).toBeUndefined();
});

it('finds the global dispatcher of undici, and tells a default one from one with options', async () => {
  const before = getGlobalDispatcher();
  expect(globalDispatcher()).toBe(before);
  expect(isApplicationDispatcher(before)).toBe(false);
  const agent = new Agent({ connections: 1 });
  setGlobalDispatcher(agent);
  expect(globalDispatcher()).toBe(agent);
  expect(isApplicationDispatcher(agent)).toBe(true);
  setGlobalDispatcher(before);
  await agent.close();
});

it('recognises a default dispatcher of a minified bundle, which has renamed its class', async () => {
  const name = Object.getOwnPropertyDescriptor(Agent, 'name') ?? {};
  const plain = new Agent();
  Object.defineProperty(Agent, 'name', { ...name, value: 't' });
  try {
    expect(isApplicationDispatcher(plain)).toBe(false);
  } finally {
    Object.defineProperty(Agent, 'name', name);
    await plain.close();
  }
});

it.each([
  ['a subclass of Agent', () => new (class extends Agent {})()],
  [
    'a composed agent',
    () => new Agent().compose((dispatch) => (options, handler) => dispatch(options, handler)),
  ],
  ['a proxy', () => new ProxyAgent('http://127.0.0.1:1')],
  ['a proxy of the environment', () => new EnvHttpProxyAgent()],
  ['a pool', () => new Pool('http://127.0.0.1:1')],
  ['a client', () => new Client('http://127.0.0.1:1')],
  ['a mock', () => new MockAgent()],
])('counts %s as a dispatcher of the application', async (_, create) => {
  const dispatcher = create();
  expect(isApplicationDispatcher(dispatcher)).toBe(true);
  await dispatcher.close();
});
