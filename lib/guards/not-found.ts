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
   The application installs these packages only for the transports that it uses. Bundlers include them where they are
   installed. Where they are not, a bundler fails unless the call stands in the `try` block itself. */

/** Returns Nest's exception for gateways, or a plain one if the application serves them without Nest's package. */
function wsNotFound(): Error {
  try {
    const { WsException } = require('@nestjs/websockets') as typeof WebSockets;
    return new WsException(MESSAGE);
  } catch {
    return new NotFoundException();
  }
}

/** Returns Nest's exception for microservices, or a plain one if the application serves them without Nest's package. */
function rpcNotFound(): Error {
  try {
    const { RpcException } = require('@nestjs/microservices') as typeof Microservices;
    return new RpcException(MESSAGE);
  } catch {
    return new NotFoundException();
  }
}
/* eslint-enable @typescript-eslint/no-require-imports */

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
      return wsNotFound();
    case 'rpc':
      return rpcNotFound();
    default:
      return new NotFoundException();
  }
}
