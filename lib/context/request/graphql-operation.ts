import { type ExecutionContext } from '@nestjs/common';
import type * as NestGraphql from '@nestjs/graphql';
import { HttpRequest, type HttpRequests } from './http-request';
import { isObject, type MaybeAuthenticated, type RequestSource } from './request-source';

interface GraphqlContext extends MaybeAuthenticated {
  /** Apollo and Mercurius: the HTTP request. With graphql-ws: its context, which has the connection as `extra`. */
  readonly req?: unknown;
  /** Where the application's own context function has passed on that of graphql-ws. */
  readonly extra?: unknown;
  /** Mercurius, in subscriptions: the request that became the connection. */
  readonly request?: unknown;
  /** Mercurius: the reply, which has the request too. */
  readonly reply?: unknown;
}

interface Connection {
  readonly extra?: unknown;
  readonly request?: unknown;
  readonly user?: unknown;
}

/** What a resolver gets besides its own arguments. */
export interface ResolverArguments {
  readonly context: unknown;
  readonly info: { readonly operation?: { readonly operation?: string } } | undefined;
}

const known = (value: unknown): Connection => (isObject(value) ? value : {});

/** `@nestjs/graphql`, which the application brings along; null where it cannot be found from here. */
let nestGraphql: typeof NestGraphql | null | undefined;

function load(): typeof NestGraphql | null {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an application without GraphQL has none
    return require('@nestjs/graphql') as typeof NestGraphql;
  } catch {
    return null;
  }
}

/**
 * Reads the arguments of a resolver as Nest does: most resolvers get `(root, args, context, info)`, `@ResolveReference`
 * of federation gets `(reference, context, info)`, and the resolver of a type `(value, context, info, type)`.
 */
export function resolverArguments(execution: ExecutionContext): ResolverArguments {
  nestGraphql ??= load();
  if (nestGraphql !== null) {
    const host = nestGraphql.GqlExecutionContext.create(execution);
    return { context: host.getContext(), info: host.getInfo() };
  }
  const args = execution.getArgs<unknown[]>();
  const [context, info] = args.length === 3 ? args.slice(1) : args.slice(2);
  return { context, info: info as ResolverArguments['info'] };
}

/**
 * A GraphQL operation. Its context is made anew for each operation, also for each of several that one HTTP request or one
 * connection brings.
 */
export class GraphqlOperation implements RequestSource {
  readonly holder: object;
  readonly request: object;
  /** The HTTP request that brought the operation; none where it came over a WebSocket. */
  readonly httpRequest: object | undefined;
  private readonly source: MaybeAuthenticated;
  private readonly context: GraphqlContext;

  /**
   * @param key The context of the operation.
   * @param isSubscription Whether the operation came over a WebSocket, whatever its context holds.
   * @param requests Tells what is a request.
   */
  constructor(
    readonly key: object,
    isSubscription: boolean,
    requests: HttpRequests,
  ) {
    this.holder = key;
    this.context = key;
    const { req, extra, request, reply } = this.context;
    const candidates = [req, known(known(req).extra).request, known(extra).request, request];
    const found = [...candidates, known(reply).request].find((candidate) => requests.isRequest(candidate));
    // An application may put something of its own in the place of the request.
    this.request = found ?? (isObject(req) ? req : key);
    const nodeRequest = requests.nodeRequestOf(this.request);
    this.source = new HttpRequest(nodeRequest, this.request);
    const isOverHttp = this.request === req || this.request === known(reply).request;
    this.httpRequest = isOverHttp && !isSubscription ? nodeRequest : undefined;
  }

  get user(): unknown {
    return this.source.user ?? this.context.user ?? known(known(this.context.req).extra).user;
  }

  get headers(): unknown {
    return this.source.headers;
  }
}

/** Whether the handler of this operation returns a source of events. */
export function isSubscription({ info }: ResolverArguments): boolean {
  return info?.operation?.operation === 'subscription';
}
