import { type ExecutionContext } from '@nestjs/common';
import type * as NestGraphql from '@nestjs/graphql';
import { isObject } from '../../types';
import { IncomingHttpRequest, type HttpRequests } from './http-request';
import { type MaybeAuthenticated, type RequestSource } from './request-source';

interface GraphqlContext extends MaybeAuthenticated {
  /** Apollo and Mercurius: the HTTP request. graphql-ws: its own context, whose `extra` is the connection. */
  readonly req?: unknown;
  /** graphql-ws: the connection, where the application's context function returns the graphql-ws context itself. */
  readonly extra?: unknown;
  /** Mercurius subscriptions: the HTTP request that was upgraded to the connection. */
  readonly request?: unknown;
  /** Mercurius: the reply, which refers to the request. */
  readonly reply?: unknown;
}

interface Connection {
  readonly extra?: unknown;
  readonly request?: unknown;
  readonly user?: unknown;
}

/** The parameters that GraphQL passes to a resolver besides the field's arguments. */
export interface ResolverArguments {
  readonly context: unknown;
  readonly info: { readonly operation?: { readonly operation?: string } } | undefined;
}

const membersOf = (value: unknown): Connection => (isObject(value) ? value : {});

/** `@nestjs/graphql` as the application installed it; null if it cannot be resolved from this package. */
let nestGraphql: typeof NestGraphql | null | undefined;

function loadNestGraphql(): typeof NestGraphql | null {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an application without GraphQL does not install it
    return require('@nestjs/graphql') as typeof NestGraphql;
  } catch {
    return null;
  }
}

/**
 * Returns the context and the info from a resolver's arguments, in the positions that Nest expects: most resolvers
 * receive `(root, args, context, info)`, federation's `@ResolveReference` receives `(reference, context, info)`, and a
 * type resolver receives `(value, context, info, type)`.
 */
export function resolverArguments(execution: ExecutionContext): ResolverArguments {
  nestGraphql ??= loadNestGraphql();
  if (nestGraphql !== null) {
    const host = nestGraphql.GqlExecutionContext.create(execution);
    return { context: host.getContext(), info: host.getInfo() };
  }
  const args = execution.getArgs<unknown[]>();
  const [context, info] = args.length === 3 ? args.slice(1) : args.slice(2);
  return { context, info: info as ResolverArguments['info'] };
}

/**
 * A GraphQL operation, identified by its GraphQL context. GraphQL servers create a context per operation, also for
 * several operations of one HTTP request or one connection.
 */
export class GraphqlOperation implements RequestSource {
  readonly request: object;
  /** The HTTP request that carried the operation; undefined for an operation over a WebSocket. */
  readonly httpRequest: object | undefined;
  private readonly source: MaybeAuthenticated;
  private readonly context: GraphqlContext;

  /**
   * @param key The GraphQL context of the operation.
   * @param isSubscription Whether the operation is a subscription. Its `httpRequest` is undefined, because the request
   * in its context is the one that opened the connection.
   * @param requests Recognizes requests of the application's HTTP framework.
   */
  constructor(
    readonly key: object,
    isSubscription: boolean,
    requests: HttpRequests,
  ) {
    this.context = key;
    const { req, extra, request, reply } = this.context;
    const candidates = [req, membersOf(membersOf(req).extra).request, membersOf(extra).request, request];
    const httpRequest = [...candidates, membersOf(reply).request].find((candidate) =>
      requests.isRequest(candidate),
    );
    // The application's context function may return an object of its own as `req`.
    this.request = httpRequest ?? (isObject(req) ? req : key);
    const nodeRequest = requests.nodeRequestOf(this.request);
    this.source = new IncomingHttpRequest(nodeRequest, this.request);
    const isOverHttp = this.request === req || this.request === membersOf(reply).request;
    this.httpRequest = isOverHttp && !isSubscription ? nodeRequest : undefined;
  }

  get user(): unknown {
    return this.source.user ?? this.context.user ?? membersOf(membersOf(this.context.req).extra).user;
  }

  get headers(): unknown {
    return this.source.headers;
  }
}

/** Whether the operation is a subscription, whose handler returns an async iterable of events. */
export function isSubscription({ info }: ResolverArguments): boolean {
  return info?.operation?.operation === 'subscription';
}
