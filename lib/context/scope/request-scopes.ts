import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { FlagshipLogger } from '../../logging';
import { type ResolvedModuleOptions } from '../../options';
import { isObject } from '../../types';
import { RESOLVED_OPTIONS } from '../context.tokens';
import {
  GraphqlOperation,
  isSubscription,
  resolverArguments,
  scopeHolderOf,
  IncomingHttpRequest,
  HttpRequests,
  RequestContextBuilder,
  type RequestSource,
  RpcMessage,
  SocketMessage,
} from '../request';
import { SocketMessageScopes } from './socket-message-scopes';
import { RequestScope } from './request-scope';
import { currentScope, isCurrent } from './scope-storage';

type ScopeHolder = Record<symbol, RequestScope | undefined>;

/**
 * The request scopes of one module: one per request, shared by its middleware, guards, interceptors and parameters. The
 * scope is stored on an object of the request, so two requests never share one, and it is garbage-collected with it.
 * {@link RequestSource} lists what identifies a request in each transport.
 */
@Injectable()
export class RequestScopes {
  // A property instead of a WeakMap, which would cost each request several times as much, mostly in garbage collection.
  private readonly slot = Symbol('flagship.scope');
  /** The scopes of requests whose scope holder cannot store a property. */
  private readonly byKey = new WeakMap<object, RequestScope>();
  private readonly socketMessages = new SocketMessageScopes();
  private hasReportedLostScope = false;

  constructor(
    private readonly builder: RequestContextBuilder,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions,
    private readonly requests: HttpRequests,
  ) {}

  /**
   * Returns the scope of the request, message or operation that is being executed.
   *
   * @param parameter Identifies the handler's parameter that is being resolved, if the caller resolves one.
   */
  forExecution(execution: ExecutionContext, parameter?: object): RequestScope {
    const scope = this.findSafely(execution, parameter) ?? this.open(withoutRequest(execution));
    scope.attachExecution(execution);
    return scope;
  }

  /** Returns the scope of an HTTP request without an execution context; opens one if there is none. */
  openFor(request: object): RequestScope {
    const key = this.requests.nodeRequestOf(request);
    const holder = scopeHolderOf(key);
    const stored = this.stored(key, holder);
    if (stored === undefined) return this.store(this.open(new IncomingHttpRequest(key, request)), holder);
    // With Fastify, the request that handlers see replaces Node's, which Nest passes to middleware.
    if (request !== key && stored.request !== request)
      stored.attachRequest(new IncomingHttpRequest(key, request));
    return stored;
  }

  /** Returns the scope that middleware has opened for an HTTP request, if any. */
  findOpen(request: object): RequestScope | undefined {
    const key = this.requests.nodeRequestOf(request);
    return this.stored(key, scopeHolderOf(key));
  }

  /**
   * Attaches the execution context to the scope that middleware has opened for the request.
   *
   * @returns A promise while an asynchronous context factory is pending, because synchronous readers of the context
   * would miss its attributes; otherwise undefined.
   */
  attachExecution(execution: ExecutionContext): Promise<unknown> | undefined {
    try {
      const request = this.httpRequestOf(execution);
      const opened = request === undefined ? undefined : this.findOpen(request);
      if (opened === undefined) return undefined;
      if (!isCurrent(opened)) this.reportLostScope(opened);
      opened.attachExecution(execution);
      return opened.untilReady();
    } catch (error) {
      this.builder.warnUnreadable(error);
      return undefined;
    }
  }

  /**
   * Handles a request that does not run in its scope, because middleware has continued it from a callback of another
   * asynchronous context (of a pool, or of another request). Only the caller of `next` can restore the scope. This
   * method prevents evaluations for another request's user.
   */
  private reportLostScope(scope: RequestScope): void {
    const current = currentScope(this.options);
    // `withContext` around `next` is no loss, and neither is an operation of this request.
    if (current !== undefined && (!(current instanceof RequestScope) || current.belongsTo(scope))) return;
    current?.withdraw();
    if (this.hasReportedLostScope) return;
    this.hasReportedLostScope = true;
    new FlagshipLogger('FlagshipModule').warn(
      'Middleware has continued a request from a callback that does not belong to it, so FlagService evaluates flags there without the attributes of the request. Bind the callback with AsyncResource.bind(next), or set the option "propagation" to "interceptor".',
    );
  }

  /** Returns undefined if reading the request throws; flags are then evaluated without its user. */
  private findSafely(execution: ExecutionContext, parameter: object | undefined): RequestScope | undefined {
    try {
      return this.findOrOpen(execution, parameter);
    } catch (error) {
      this.builder.warnUnreadable(error);
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

  private findOrOpen(execution: ExecutionContext, parameter: object | undefined): RequestScope | undefined {
    switch (execution.getType<string>()) {
      case 'http': {
        const request = execution.switchToHttp().getRequest<unknown>();
        return isObject(request) ? this.openFor(request) : undefined;
      }
      case 'graphql':
        return this.forOperation(execution);
      case 'ws':
        return this.forSocketMessage(execution, parameter);
      case 'rpc': {
        const rpc = execution.switchToRpc();
        const context = rpc.getContext<unknown>();
        return isObject(context) ? this.forRpcMessage(context, rpc.getData()) : undefined;
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

  private forOperation(execution: ExecutionContext): RequestScope | undefined {
    const args = resolverArguments(execution);
    const { context } = args;
    if (!isObject(context)) return undefined;
    const stored = this.stored(context, context);
    if (stored !== undefined) return stored;
    const operation = new GraphqlOperation(context, isSubscription(args), this.requests);
    const { httpRequest } = operation;
    const parentRequest = httpRequest === undefined ? undefined : this.findOpen(httpRequest);
    return this.store(this.open(operation, parentRequest), context);
  }

  /**
   * Returns the scope of a WebSocket message. Neither the client, which all its messages share, nor the payload, which
   * may be a primitive, identifies a message. Nest passes one argument list to the guards and interceptors of a message,
   * and a copy of that list to each parameter. Within the scope that an interceptor has opened, the copy is recognized
   * by its client and payload; without an interceptor, see {@link SocketMessageScopes}.
   */
  private forSocketMessage(
    execution: ExecutionContext,
    parameter: object | undefined,
  ): RequestScope | undefined {
    const args = execution.getArgs<unknown[]>();
    const [client, data] = args;
    if (!isObject(client)) return undefined;
    const stored = this.stored(args, args);
    if (stored !== undefined) return stored;
    const currentKey = currentScope(this.options)?.key;
    if (Array.isArray(currentKey) && currentKey[0] === client && currentKey[1] === data) {
      const current = this.stored(currentKey, currentKey);
      if (current !== undefined) return current;
    }
    const open = (): RequestScope => this.store(this.open(new SocketMessage(args, client)), args);
    if (!isObject(data) || this.options.propagation !== 'none') return open();
    return this.socketMessages.scopeFor({ client, data, handler: execution.getHandler() }, parameter, open);
  }

  /** Returns the scope of an RPC message. The payload is compared too: a custom transport may share a context. */
  private forRpcMessage(context: object, data: unknown): RequestScope {
    const stored = this.stored(context, context);
    if (stored?.hasPayload(data) === true) return stored;
    return this.store(this.open(new RpcMessage(context, data)), context);
  }

  private open(source: RequestSource, parentRequest?: RequestScope): RequestScope {
    return new RequestScope(this.builder, source, this.options, parentRequest);
  }

  /** Returns the scope stored for a request. The key is compared, because a copy of a request also copies its scope. */
  private stored(key: object, holder: object): RequestScope | undefined {
    const held = (holder as ScopeHolder)[this.slot];
    if (held?.key === key && !held.isWithdrawn) return held;
    // The application may have replaced the array that held the scope, or may share one array between requests.
    const current = currentScope(this.options);
    const other = current instanceof RequestScope && current.key === key ? current : this.byKey.get(key);
    return other?.isWithdrawn === true ? undefined : other;
  }

  private store(scope: RequestScope, holder: object): RequestScope {
    const { key } = scope as { readonly key: object };
    const isShared = holder !== key && (holder as ScopeHolder)[this.slot] !== undefined;
    if (isShared || !Object.isExtensible(holder)) this.byKey.set(key, scope);
    else (holder as ScopeHolder)[this.slot] = scope;
    return scope;
  }
}

/** Returns the source of an execution without a request of a known transport; each call opens a new scope. */
function withoutRequest(execution: ExecutionContext): RequestSource {
  return { key: execution, request: undefined, user: undefined, headers: undefined };
}
