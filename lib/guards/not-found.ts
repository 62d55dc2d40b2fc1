import { type ExecutionContext, NotFoundException } from '@nestjs/common';
import type * as Microservices from '@nestjs/microservices';
import type * as WebSockets from '@nestjs/websockets';

const MESSAGE = 'Not Found';

interface HttpRequest {
  readonly method?: string;
  readonly originalUrl?: string;
  readonly url?: string;
}

/**
 * GraphQL takes `extensions` from whatever was thrown. An exception of Nest's own, because those are no crash that it
 * would log; and one whose body has no status, which is what Nest's Apollo driver would make a code of its own from.
 */
function noField(): Error {
  const extensions = { code: 'NOT_FOUND' };
  return Object.assign(new NotFoundException({ message: MESSAGE }), { extensions });
}

/* eslint-disable @typescript-eslint/no-require-imports --
   the application brings these along; one that answers HTTP only has none of them */
function wsException(): Error {
  const { WsException } = require('@nestjs/websockets') as typeof WebSockets;
  return new WsException(MESSAGE);
}

function rpcException(): Error {
  const { RpcException } = require('@nestjs/microservices') as typeof Microservices;
  return new RpcException(MESSAGE);
}
/* eslint-enable @typescript-eslint/no-require-imports */

/** Makes the exception of a transport; without Nest's package for it, another library speaks the transport. */
function orPlain(make: () => Error): Error {
  try {
    return make();
  } catch {
    return new NotFoundException();
  }
}

/** As Nest words it for a route that does not exist: a hidden feature must not give itself away. */
function noRoute(context: ExecutionContext): Error {
  const { method, originalUrl, url } =
    context.switchToHttp().getRequest<HttpRequest | null | undefined>() ?? {};
  return new NotFoundException(`Cannot ${method ?? ''} ${originalUrl ?? url ?? ''}`);
}

/** What a refused request gets unless `otherwise` says so: the transport's own way of saying that there is no such thing. */
export function notFound(context: ExecutionContext): Error {
  switch (context.getType<string>()) {
    case 'http':
      return noRoute(context);
    case 'graphql':
      return noField();
    case 'ws':
      return orPlain(wsException);
    case 'rpc':
      return orPlain(rpcException);
    default:
      return new NotFoundException();
  }
}
