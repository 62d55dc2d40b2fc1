import { type ExecutionContext } from '@nestjs/common';
import { httpKey, isObject, type RequestView } from './http-view';

interface GraphqlContext {
  /** Apollo and Mercurius: the HTTP request. With graphql-ws: what is known of the connection. */
  readonly req?: unknown;
  /** Mercurius, in subscriptions: the request that became the connection. */
  readonly request?: unknown;
  readonly user?: unknown;
  readonly extra?: unknown;
}

interface Connection {
  readonly extra?: unknown;
  readonly request?: unknown;
  readonly user?: unknown;
}

const known = (value: unknown): Connection => (isObject(value) ? value : {});

/** The request that opened the connection of a subscription; graphql-ws keeps it under `extra`. */
function upgradeRequest({ req, extra, request }: GraphqlContext): unknown {
  return known(known(req).extra).request ?? known(extra).request ?? request;
}

/**
 * An operation. Its resolvers get `(parent, args, context, info)`, and the context is made anew for each operation, also
 * for each of several that one HTTP request or one connection brings.
 */
export function graphqlView(execution: ExecutionContext): RequestView | undefined {
  const context: unknown = execution.getArgByIndex(2);
  if (!isObject(context)) return undefined;
  const operation: GraphqlContext = context;
  const upgrade = upgradeRequest(operation);
  const request = upgrade ?? operation.req ?? context;
  const { headers, user } = request as { readonly headers?: unknown; readonly user?: unknown };
  return {
    key: context,
    carrier: context,
    request,
    user: user ?? operation.user ?? known(known(operation.req).extra).user,
    headers,
    borneBy: upgrade === undefined && isObject(operation.req) ? httpKey(operation.req) : undefined,
  };
}

/** Is this an operation whose handler returns a source of events? */
export function isSubscription(execution: ExecutionContext): boolean {
  if (execution.getType<string>() !== 'graphql') return false;
  const info = execution.getArgByIndex<{ operation?: { operation?: string } } | undefined>(3);
  return info?.operation?.operation === 'subscription';
}
