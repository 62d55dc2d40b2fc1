/**
 * A request, a message or an operation, whatever its transport. The user and the headers are read anew each time: they
 * may change while the request is handled.
 */
export interface RequestSource {
  /** The object that identifies it: the same in every execution context of it, another one in every other's. */
  readonly key: object;
  /** The object that keeps its scope as a property, and that goes when the request goes. */
  readonly holder: object;
  /** What the application's functions take for the request. */
  readonly request: unknown;
  /** The user that authentication has left so far. */
  readonly user: unknown;
  /** What a message brings, where its key alone may be that of several. */
  readonly data?: unknown;
  /** Header → value, names in lower case. */
  readonly headers: unknown;
}

/** What requests, clients and contexts of all transports may have. */
export interface MaybeAuthenticated {
  readonly user?: unknown;
  readonly headers?: unknown;
}

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Reads a header of the request as text; several of one name are joined as HTTP does. */
export function headerOf({ headers }: RequestSource, name: string): string | undefined {
  if (!isObject(headers) || !Object.hasOwn(headers, name)) return undefined;
  const value = (headers as Readonly<Record<string, unknown>>)[name];
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'string' ? value : undefined;
}
