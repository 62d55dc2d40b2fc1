import { type Type } from '@nestjs/common';

// The names under which the decorators of @nestjs/graphql, @nestjs/websockets and @nestjs/microservices leave their
// arguments. None of the three needs to be installed.
const GRAPHQL_TYPE = 'graphql:resolver_type';
const GRAPHQL_NAME = 'graphql:resolver_name';
const GRAPHQL_PROPERTY = 'graphql:resolve_property';
const SOCKET_MAPPING = 'websockets:message_mapping';
const SOCKET_MESSAGE = 'message';
const PATTERN = 'microservices:pattern';
const PATTERN_KIND = 'microservices:handler_type';
const EVENT = 2;

const OPERATIONS: readonly unknown[] = ['Query', 'Mutation', 'Subscription'];

const read = (key: string, target: object): unknown => Reflect.getMetadata(key, target);
const textOf = (value: unknown): string =>
  typeof value === 'symbol' ? String(value) : JSON.stringify(value);

function resolver(owner: Type, handler: object, method: string): readonly string[] {
  const type = read(GRAPHQL_TYPE, handler);
  const given = read(GRAPHQL_NAME, handler);
  const name = typeof given === 'string' ? given : method;
  if (OPERATIONS.includes(type)) return [`${String(type).toLowerCase()} ${name}`];
  if (read(GRAPHQL_PROPERTY, handler) === undefined) return [];
  const parent = type ?? read(GRAPHQL_TYPE, owner);
  return [`field ${typeof parent === 'string' ? `${parent}.` : ''}${name}`];
}

function socketMessage(handler: object): readonly string[] {
  return read(SOCKET_MAPPING, handler) === true
    ? [`WebSocket message ${textOf(read(SOCKET_MESSAGE, handler))}`]
    : [];
}

function patterns(handler: object): readonly string[] {
  const given = read(PATTERN, handler);
  if (given === undefined) return [];
  const kind = read(PATTERN_KIND, handler) === EVENT ? 'event' : 'message';
  return (Array.isArray(given) ? given : [given]).map((pattern) => `${kind} pattern ${textOf(pattern)}`);
}

/** What leads to a handler, but for routes; nothing where it is a plain method. */
export function entryPoints(owner: Type, handler: object, method: string): readonly string[] {
  return [...resolver(owner, handler, method), ...socketMessage(handler), ...patterns(handler)];
}
