import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { type ResolvedModuleOptions } from '../../options';
import { RESOLVED_OPTIONS } from '../context.tokens';
import {
  GraphqlOperation,
  isSubscription,
  resolverArguments,
  holderOf,
  HttpRequest,
  HttpRequests,
  RequestContextBuilder,
  isObject,
  type RequestSource,
  RpcMessage,
  SocketMessage,
} from '../request';
import { MessagePairs } from './message-pairs';
import { RequestScope } from './request-scope';
import { currentScope } from './scope-storage';

type Holder = Record<symbol, RequestScope | undefined>;

/**
 * The scopes of one module: one for each request, shared by guards, interceptors, parameters and middleware. A request
 * keeps its scope itself, so that two requests never share one, and it goes when the request goes.
 */
@Injectable()
export class RequestScopes {
  // On the request: a weak map would cost every request several times as much, most of it in garbage collection.
  private readonly slot = Symbol('flagship.scope');
  /** For requests that cannot keep anything. */
  private readonly elsewhere = new WeakMap<object, RequestScope>();
  private readonly pairs = new MessagePairs();

  constructor(
    private readonly builder: RequestContextBuilder,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions,
    private readonly requests: HttpRequests,
  ) {}

  /**
   * Returns the scope of the request, message or operation that is being executed.
   *
   * @param parameter Identifies the handler's parameter that asks, if it is one.
   */
  for(execution: ExecutionContext, parameter?: object): RequestScope {
    const scope = this.found(execution, parameter) ?? this.open(withoutRequest(execution));
    scope.attach(execution);
    return scope;
  }

  /** Returns the scope of an HTTP request of which nothing is known yet but itself; opens one where there is none. */
  openFor(request: object): RequestScope {
    const key = this.requests.nodeRequestOf(request);
    const holder = holderOf(key);
    const kept = this.kept(key, holder);
    if (kept === undefined) return this.keep(this.open(new HttpRequest(key, request)), holder);
    // A handler's request wins over the one that middleware of Nest on Fastify sees.
    if (request !== key && kept.request !== request) kept.attachRequest(new HttpRequest(key, request));
    return kept;
  }

  /** Returns the scope that middleware has opened for an HTTP request. */
  openedFor(request: object): RequestScope | undefined {
    const key = this.requests.nodeRequestOf(request);
    return this.kept(key, holderOf(key));
  }

  /**
   * Hands the execution context to the scope that middleware has opened for the request.
   *
   * @returns A promise while the context factory takes its time: code that cannot wait would miss its attributes.
   */
  attachExecution(execution: ExecutionContext): Promise<unknown> | undefined {
    try {
      const request = this.httpRequestOf(execution);
      const opened = request === undefined ? undefined : this.openedFor(request);
      opened?.attach(execution);
      return opened?.untilReady();
    } catch (error) {
      this.builder.unreadable(error);
      return undefined;
    }
  }

  /** Returns nothing for a request whose properties cannot be read: flags answer without its user then. */
  private found(execution: ExecutionContext, parameter: object | undefined): RequestScope | undefined {
    try {
      return this.find(execution, parameter);
    } catch (error) {
      this.builder.unreadable(error);
      return undefined;
    }
  }

  private httpRequestOf(execution: ExecutionContext): object | undefined {
    switch (execution.getType<string>()) {
      case 'http': {
        const request = execution.switchToHttp().getRequest<unknown>();
        return isObject(request) ? request : undefined;
      }
      case 'graphql':
        return this.operationOf(execution)?.httpRequest;
      default:
        return undefined;
    }
  }

  private find(execution: ExecutionContext, parameter: object | undefined): RequestScope | undefined {
    switch (execution.getType<string>()) {
      case 'http': {
        const request = execution.switchToHttp().getRequest<unknown>();
        return isObject(request) ? this.openFor(request) : undefined;
      }
      case 'graphql':
        return this.ofOperation(execution);
      case 'ws':
        return this.ofSocketMessage(execution, parameter);
      case 'rpc': {
        const rpc = execution.switchToRpc();
        const context = rpc.getContext<unknown>();
        return isObject(context) ? this.ofRpcMessage(context, rpc.getData()) : undefined;
      }
      default:
        return undefined;
    }
  }

  private operationOf(execution: ExecutionContext): GraphqlOperation | undefined {
    const args = resolverArguments(execution);
    const { context } = args;
    return isObject(context) ? new GraphqlOperation(context, isSubscription(args), this.requests) : undefined;
  }

  private ofOperation(execution: ExecutionContext): RequestScope | undefined {
    const args = resolverArguments(execution);
    const { context } = args;
    if (!isObject(context)) return undefined;
    const kept = this.kept(context, context);
    if (kept !== undefined) return kept;
    const operation = new GraphqlOperation(context, isSubscription(args), this.requests);
    const { httpRequest } = operation;
    const parent = httpRequest === undefined ? undefined : this.openedFor(httpRequest);
    return this.keep(this.open(operation, parent), context);
  }

  /**
   * What a gateway gets is not one message's own: the client is that of all its messages, the data may be a plain value.
   * Nest gives guards and interceptors of a message the same list of arguments, and each parameter a copy of it. Within
   * the scope that an interceptor has opened the copy is known by that; elsewhere see {@link MessagePairs}.
   */
  private ofSocketMessage(
    execution: ExecutionContext,
    parameter: object | undefined,
  ): RequestScope | undefined {
    const args = execution.getArgs<unknown[]>();
    const [client, data] = args;
    if (!isObject(client)) return undefined;
    const kept = this.kept(args, args);
    if (kept !== undefined) return kept;
    const around = currentScope(this.options)?.key;
    if (Array.isArray(around) && around[0] === client && around[1] === data) {
      const open = this.kept(around, around);
      if (open !== undefined) return open;
    }
    const open = (): RequestScope => this.keep(this.open(new SocketMessage(args, client)), args);
    if (!isObject(data) || this.options.propagation !== 'none') return open();
    return this.pairs.scopeFor({ client, data, handler: execution.getHandler() }, parameter, open);
  }

  /** A transport of the application's may hand the same context to every message: another payload is another message. */
  private ofRpcMessage(context: object, data: unknown): RequestScope {
    const kept = this.kept(context, context);
    return kept?.carries(data) === true ? kept : this.keep(this.open(new RpcMessage(context, data)), context);
  }

  private open(source: RequestSource, parent?: RequestScope): RequestScope {
    return new RequestScope(this.builder, source, this.options, parent);
  }

  /** Returns the scope of a request. A copy of a request carries the scope along, but is another request. */
  private kept(key: object, holder: object): RequestScope | undefined {
    const there = (holder as Holder)[this.slot];
    if (there?.key === key) return there;
    // An application may have replaced the list that kept it, or share one between requests.
    const current = currentScope(this.options);
    return current instanceof RequestScope && current.key === key ? current : this.elsewhere.get(key);
  }

  private keep(scope: RequestScope, holder: object): RequestScope {
    const { key } = scope as { readonly key: object };
    const isShared = holder !== key && (holder as Holder)[this.slot] !== undefined;
    if (isShared || !Object.isExtensible(holder)) this.elsewhere.set(key, scope);
    else (holder as Holder)[this.slot] = scope;
    return scope;
  }
}

/** An execution that has no request of a known kind; each is one of its own. */
function withoutRequest(execution: ExecutionContext): RequestSource {
  return { key: execution, holder: execution, request: undefined, user: undefined, headers: undefined };
}
