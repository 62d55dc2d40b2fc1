import { isObject } from '../../types';

/**
 * What the package reads from a request, whatever its transport. `user` and `headers` are getters of the request's
 * current values, which may change while the request is handled.
 *
 * | Transport | Identified by (`key`) | `request` |
 * | --- | --- | --- |
 * | HTTP | Node's `IncomingMessage` | the framework's request |
 * | GraphQL | the operation's GraphQL context | the HTTP request that carried the operation or opened its connection |
 * | WebSocket | the argument list of the message's guards and interceptors | the upgrade request, or else the client |
 * | RPC | the message's Nest context, together with its payload | the same context |
 */
export interface RequestSource {
  /** The object that identifies the request: the same one in each of its execution contexts, and in no others. */
  readonly key: object;
  /** The request as the option `requestContext.userId` receives it. */
  readonly request: unknown;
  /** The user that authentication has set on the request so far. */
  readonly user: unknown;
  /** The payload of a message, where several messages may share one `key`. */
  readonly data?: unknown;
  /** The headers by lower-case name. */
  readonly headers: unknown;
}

/** The properties read from requests, clients and contexts of all transports. */
export interface MaybeAuthenticated {
  readonly user?: unknown;
  readonly headers?: unknown;
}

/** Returns a header of the request as text; repeated headers are joined by a comma, as HTTP defines. */
export function headerOf({ headers }: RequestSource, name: string): string | undefined {
  if (!isObject(headers) || !Object.hasOwn(headers, name)) return undefined;
  const value = (headers as Readonly<Record<string, unknown>>)[name];
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'string' ? value : undefined;
}
