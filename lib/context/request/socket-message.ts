import { isObject } from '../../types';
import { type MaybeAuthenticated, type RequestSource } from './request-source';
import { upgradeRequestOf } from './upgrade-requests';

interface SocketClient {
  /** The handshake's request: set by Socket.IO, and by some applications that use `ws`. */
  readonly request?: unknown;
  readonly user?: unknown;
  /** Socket.IO: the application's own data about the connection. */
  readonly data?: unknown;
}

/** A message that a client sent over a WebSocket. Its `request` is the HTTP request that opened the connection. */
export class SocketMessage implements RequestSource {
  readonly request: object;

  /**
   * @param key The argument list that Nest passes to the guards and interceptors of this message only.
   * @param client The client that sent the message; one object for all messages of a connection.
   */
  constructor(
    readonly key: readonly unknown[],
    private readonly client: SocketClient,
  ) {
    const { request: handshake } = client;
    const upgradeRequest = isObject(handshake) ? handshake : upgradeRequestOf(client);
    this.request = isObject(upgradeRequest) ? upgradeRequest : client;
  }

  get user(): unknown {
    const { user, data } = this.client;
    const userOfData = isObject(data) ? (data as MaybeAuthenticated).user : undefined;
    return user ?? userOfData ?? (this.request as MaybeAuthenticated).user;
  }

  get headers(): unknown {
    return (this.request as MaybeAuthenticated).headers;
  }
}
