import { type Type } from '@nestjs/common';

// The metadata keys of the decorators of @nestjs/graphql, @nestjs/websockets and @nestjs/microservices. They are repeated
// here because none of the three packages need be installed.
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

const metadataOf = (key: string, target: object): unknown => Reflect.getMetadata(key, target);
const textOf = (value: unknown): string =>
  typeof value === 'symbol' ? String(value) : JSON.stringify(value);

function resolverEntryPoints(resolver: Type, handler: object, method: string): readonly string[] {
  const type = metadataOf(GRAPHQL_TYPE, handler);
  const explicitName = metadataOf(GRAPHQL_NAME, handler);
  const name = typeof explicitName === 'string' ? explicitName : method;
  if (OPERATIONS.includes(type)) return [`${String(type).toLowerCase()} ${name}`];
  if (metadataOf(GRAPHQL_PROPERTY, handler) === undefined) return [];
  const parent = type ?? metadataOf(GRAPHQL_TYPE, resolver);
  return [`field ${typeof parent === 'string' ? `${parent}.` : ''}${name}`];
}

function socketEntryPoints(handler: object): readonly string[] {
  return metadataOf(SOCKET_MAPPING, handler) === true
    ? [`WebSocket message ${textOf(metadataOf(SOCKET_MESSAGE, handler))}`]
    : [];
}

/** Returns the message and event patterns of a controller's handler. Nest reads them from controllers only. */
export function messageEntryPoints(handler: object): readonly string[] {
  const patterns = metadataOf(PATTERN, handler);
  if (patterns === undefined) return [];
  const kind = metadataOf(PATTERN_KIND, handler) === EVENT ? 'event' : 'message';
  return (Array.isArray(patterns) ? patterns : [patterns]).map(
    (pattern) => `${kind} pattern ${textOf(pattern)}`,
  );
}

/**
 * Returns the GraphQL fields and WebSocket messages that a provider's handler serves. Nest reads resolvers from providers
 * only, and WebSocket messages only from gateways that it created from their class.
 */
export function providerEntryPoints(
  provider: Type,
  handler: object,
  method: string,
  isFromClass: boolean,
): readonly string[] {
  const isGateway = isFromClass && metadataOf(GATEWAY, provider) === true;
  return [
    ...resolverEntryPoints(provider, handler, method),
    ...(isGateway ? socketEntryPoints(handler) : []),
  ];
}
