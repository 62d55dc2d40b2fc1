import { type Type } from '@nestjs/common';

// The names under which the decorators of @nestjs/graphql, @nestjs/websockets and @nestjs/microservices leave their
// arguments. None of the three needs to be installed.
const GRAPHQL_TYPE = 'graphql:resolver_type';
const GRAPHQL_NAME = 'graphql:resolver_name';
const GRAPHQL_PROPERTY = 'graphql:resolve_property';
const GATEWAY = 'websockets:is_gateway';
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

/** Returns the patterns that lead to a controller's handler: Nest looks for them in controllers alone. */
export function messagePatterns(handler: object): readonly string[] {
  const given = read(PATTERN, handler);
  if (given === undefined) return [];
  const kind = read(PATTERN_KIND, handler) === EVENT ? 'event' : 'message';
  return (Array.isArray(given) ? given : [given]).map((pattern) => `${kind} pattern ${textOf(pattern)}`);
}

/**
 * Returns what leads to a provider's handler: Nest looks for resolvers among providers alone, and for messages in those
 * that are gateways and that it has made from their class.
 */
export function providerEntries(
  owner: Type,
  handler: object,
  method: string,
  isFromClass: boolean,
): readonly string[] {
  const isGateway = isFromClass && read(GATEWAY, owner) === true;
  return [...resolver(owner, handler, method), ...(isGateway ? socketMessage(handler) : [])];
}
