import { type Type } from '@nestjs/common';
import { EVENT_KIND, nestMetadata } from '../undocumented';

const OPERATIONS: readonly unknown[] = ['Query', 'Mutation', 'Subscription'];

const textOf = (value: unknown): string =>
  typeof value === 'symbol' ? String(value) : JSON.stringify(value);

function resolverEntryPoints(resolver: Type, handler: object, method: string): readonly string[] {
  const type = nestMetadata('graphqlType', handler);
  const explicitName = nestMetadata('graphqlName', handler);
  const name = typeof explicitName === 'string' ? explicitName : method;
  if (OPERATIONS.includes(type)) return [`${String(type).toLowerCase()} ${name}`];
  if (nestMetadata('graphqlProperty', handler) === undefined) return [];
  const parent = type ?? nestMetadata('graphqlType', resolver);
  return [`field ${typeof parent === 'string' ? `${parent}.` : ''}${name}`];
}

function socketEntryPoints(handler: object): readonly string[] {
  return nestMetadata('isSocketMessage', handler) === true
    ? [`WebSocket message ${textOf(nestMetadata('socketMessage', handler))}`]
    : [];
}

/** Returns the message and event patterns of a controller's handler. Nest reads them from controllers only. */
export function messageEntryPoints(handler: object): readonly string[] {
  const patterns = nestMetadata('messagePattern', handler);
  if (patterns === undefined) return [];
  const kind = nestMetadata('messageKind', handler) === EVENT_KIND ? 'event' : 'message';
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
  const isGateway = isFromClass && nestMetadata('isGateway', provider) === true;
  return [
    ...resolverEntryPoints(provider, handler, method),
    ...(isGateway ? socketEntryPoints(handler) : []),
  ];
}
