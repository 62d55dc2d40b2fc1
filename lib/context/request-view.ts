import { type ExecutionContext } from '@nestjs/common';

/** A request as the context builder sees it, whatever the transport. */
export interface RequestView {
  /** The object that stands for this request in every execution context of it. */
  readonly key: object;
  readonly request: unknown;
}

interface RequestLike {
  /** Fastify wraps Node's request; middleware sees the one inside. */
  readonly raw?: unknown;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function requestOf(context: ExecutionContext): unknown {
  switch (context.getType<string>()) {
    case 'http':
      return context.switchToHttp().getRequest<unknown>();
    case 'graphql':
      // Resolvers get (parent, args, context, info); the context holds the HTTP request.
      return context.getArgByIndex<{ req?: unknown } | undefined>(2)?.req;
    default:
      return undefined;
  }
}

/** The request behind an execution context, or nothing where there is none. */
export function viewRequest(context: ExecutionContext): RequestView | undefined {
  const request = requestOf(context);
  if (!isObject(request)) return undefined;
  const { raw } = request as RequestLike;
  return { key: isObject(raw) ? raw : request, request };
}

/** A header of the request as text; several of one name are joined as HTTP does. */
export function headerOf(request: unknown, name: string): string | undefined {
  const { headers } = request as { headers?: Readonly<Record<string, unknown>> };
  if (!isObject(headers) || !Object.hasOwn(headers, name)) return undefined;
  const value = headers[name];
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'string' ? value : undefined;
}

/** The user that authentication has left on the request. */
export function userOf(request: unknown): unknown {
  return (request as { user?: unknown }).user;
}
