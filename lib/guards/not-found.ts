import { type ExecutionContext, NotFoundException } from '@nestjs/common';
import type * as Microservices from '@nestjs/microservices';
import type * as WebSockets from '@nestjs/websockets';
import type * as Graphql from 'graphql';

const MESSAGE = 'Not Found';

/* eslint-disable @typescript-eslint/no-require-imports --
   the application brings these along; one that answers HTTP only has none of them */
function graphqlError(): Error {
  const { GraphQLError } = require('graphql') as typeof Graphql;
  return new GraphQLError(MESSAGE, { extensions: { code: 'NOT_FOUND' } });
}

function wsException(): Error {
  const { WsException } = require('@nestjs/websockets') as typeof WebSockets;
  return new WsException(MESSAGE);
}

function rpcException(): Error {
  const { RpcException } = require('@nestjs/microservices') as typeof Microservices;
  return new RpcException(MESSAGE);
}
/* eslint-enable @typescript-eslint/no-require-imports */

/** As Nest words it for a route that does not exist: a hidden feature must not give itself away. */
function noRoute(context: ExecutionContext): Error {
  const { method, originalUrl, url } = context
    .switchToHttp()
    .getRequest<{ method?: string; originalUrl?: string; url?: string }>();
  return new NotFoundException(`Cannot ${method ?? ''} ${originalUrl ?? url ?? ''}`);
}

/** What a refused request gets unless `otherwise` says so: the transport's own way of saying that there is no such thing. */
export function notFound(context: ExecutionContext): Error {
  switch (context.getType<string>()) {
    case 'http':
      return noRoute(context);
    case 'graphql':
      return graphqlError();
    case 'ws':
      return wsException();
    case 'rpc':
      return rpcException();
    default:
      return new NotFoundException();
  }
}
