/** A request, a message or an operation as the context builder sees it, whatever the transport. */
export interface RequestView {
  /** The object that stands for it: the same in every execution context of it, another one in every other's. */
  readonly key: object;
  /** What carries its scope as a property; it goes when the request goes. */
  readonly carrier: object;
  /** What the application's functions take for the request. */
  readonly request: unknown;
  /** The user that authentication has left. */
  readonly user: unknown;
  /** Header → value, names in lower case. */
  readonly headers: unknown;
  /** The HTTP request that brought a GraphQL operation. */
  readonly borneBy?: object;
  /** What a WebSocket's message says, when that is an object. */
  readonly data?: object;
}

interface HttpRequestLike {
  /** Fastify wraps Node's request; middleware sees the one inside. */
  readonly raw?: unknown;
  readonly user?: unknown;
  readonly headers?: unknown;
}

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** What stands for an HTTP request: Node's own. */
export function httpKey(request: object): object {
  const { raw } = request as HttpRequestLike;
  return isObject(raw) ? raw : request;
}

/**
 * What carries the scope of an HTTP request. The list of raw headers is as much this request's own as the request, and
 * a plain list: Express changes the prototype of each request, after which adding a property takes 2 µs.
 */
export function httpCarrier(key: object): object {
  const { rawHeaders } = key as { readonly rawHeaders?: unknown };
  return Array.isArray(rawHeaders) ? rawHeaders : key;
}

/** An HTTP request, as Express or Fastify hands it to handlers. */
export function httpView(request: object): RequestView {
  const key = httpKey(request);
  const { user, headers } = request as HttpRequestLike;
  return { key, carrier: httpCarrier(key), request, user, headers };
}

/** A header of the request as text; several of one name are joined as HTTP does. */
export function headerOf({ headers }: RequestView, name: string): string | undefined {
  if (!isObject(headers) || !Object.hasOwn(headers, name)) return undefined;
  const value = (headers as Readonly<Record<string, unknown>>)[name];
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'string' ? value : undefined;
}

/** The id of a user, where Nest's authentication recipes leave it. */
export function idOf(user: unknown): unknown {
  const { id, sub } = (user ?? {}) as { readonly id?: unknown; readonly sub?: unknown };
  return id ?? sub;
}
