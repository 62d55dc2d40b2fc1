import { type Type } from '@nestjs/common';
import { EVENT_KIND, nestMetadata } from '../undocumented';

const OPERATIONS: readonly unknown[] = ['Query', 'Mutation', 'Subscription'];

const textOf = (value: unknown): string =>
  typeof value === 'symbol' ? String(value) : JSON.stringify(value);

function resolver(owner: Type, handler: object, method: string): readonly string[] {
  const type = nestMetadata('graphqlType', handler);
  const given = nestMetadata('graphqlName', handler);
  const name = typeof given === 'string' ? given : method;
  if (OPERATIONS.includes(type)) return [`${String(type).toLowerCase()} ${name}`];
  if (nestMetadata('graphqlProperty', handler) === undefined) return [];
  const parent = type ?? nestMetadata('graphqlType', owner);
  return [`field ${typeof parent === 'string' ? `${parent}.` : ''}${name}`];
}

function socketMessage(handler: object): readonly string[] {
  return nestMetadata('isSocketMessage', handler) === true
    ? [`WebSocket message ${textOf(nestMetadata('socketMessage', handler))}`]
    : [];
}

/** Returns the patterns that lead to a controller's handler: Nest looks for them in controllers alone. */
export function messagePatterns(handler: object): readonly string[] {
  const given = nestMetadata('messagePattern', handler);
  if (given === undefined) return [];
  const kind = nestMetadata('messageKind', handler) === EVENT_KIND ? 'event' : 'message';
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
  const isGateway = isFromClass && nestMetadata('isGateway', owner) === true;
  return [...resolver(owner, handler, method), ...(isGateway ? socketMessage(handler) : [])];
}
