import { type ExecutionContext } from '@nestjs/common';
import { isObject, type RequestView } from './http-view';
import { currentScope } from './scope-storage';
import { upgradeRequestOf } from './upgrade-requests';

interface SocketClient {
  /** Socket.IO keeps the handshake's request here, and so may an application that uses `ws`. */
  readonly request?: unknown;
  readonly user?: unknown;
  /** Socket.IO: where applications keep what they know of the connection. */
  readonly data?: unknown;
}

/**
 * The arguments that stand for the message. Nothing that a gateway gets is one message's own: the client is that of all
 * its messages, the data may be a plain value. But Nest gives guards and interceptors the same list of arguments; the
 * parameters, which get a copy of it, are made within the scope that the interceptor has opened for that list.
 */
function messageOf(execution: ExecutionContext): readonly unknown[] {
  const [client, data] = execution.getArgs<unknown[]>();
  const around = currentScope()?.openedFor;
  const isSame = Array.isArray(around) && around[0] === client && around[1] === data;
  return isSame ? (around as readonly unknown[]) : execution.getArgs<unknown[]>();
}

/** A message that a client of a WebSocket has sent; what stands for its request is the one that opened the connection. */
export function socketView(execution: ExecutionContext): RequestView | undefined {
  const message = messageOf(execution);
  const [client, payload] = message;
  if (!isObject(client)) return undefined;
  const { request: handshake, user, data }: SocketClient = client;
  const request = handshake ?? upgradeRequestOf(client) ?? client;
  const { headers, user: handshaken } = request as { readonly headers?: unknown; readonly user?: unknown };
  const ofData = isObject(data) ? (data as { readonly user?: unknown }).user : undefined;
  return {
    key: message,
    carrier: message,
    request,
    user: user ?? ofData ?? handshaken,
    headers,
    data: isObject(payload) ? payload : undefined,
  };
}
