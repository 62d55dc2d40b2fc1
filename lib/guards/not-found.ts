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
 * Returns the exception for GraphQL, which copies `extensions` from the thrown error. It is a Nest exception, because
 * Nest logs other errors as crashes, and its body has no status, because Nest's Apollo driver would derive another code
 * from the status.
 */
function graphqlNotFound(): Error {
  const extensions = { code: 'NOT_FOUND' };
  return Object.assign(new NotFoundException({ message: MESSAGE }), { extensions });
}

/* eslint-disable @typescript-eslint/no-require-imports --
   the application installs these packages only for the transports that it uses */
function wsNotFound(): Error {
  const { WsException } = require('@nestjs/websockets') as typeof WebSockets;
  return new WsException(MESSAGE);
}

function rpcNotFound(): Error {
  const { RpcException } = require('@nestjs/microservices') as typeof Microservices;
  return new RpcException(MESSAGE);
}
/* eslint-enable @typescript-eslint/no-require-imports */

/** Returns a transport's exception, or a plain one if the application serves the transport without Nest's package. */
function orNotFoundException(make: () => Error): Error {
  try {
    return make();
  } catch {
    return new NotFoundException();
  }
}

/** Returns the exception that Nest throws for a missing route, so that the response does not reveal a hidden route. */
function httpNotFound(context: ExecutionContext): Error {
  const { method, originalUrl, url } =
    context.switchToHttp().getRequest<HttpRequest | null | undefined>() ?? {};
  return new NotFoundException(`Cannot ${method ?? ''} ${originalUrl ?? url ?? ''}`);
}

/** Returns the default refusal: the transport's own exception for a missing route, field or message. */
export function notFound(context: ExecutionContext): Error {
  switch (context.getType<string>()) {
    case 'http':
      return httpNotFound(context);
    case 'graphql':
      return graphqlNotFound();
    case 'ws':
      return orNotFoundException(wsNotFound);
    case 'rpc':
      return orNotFoundException(rpcNotFound);
    default:
      return new NotFoundException();
  }
}
