import { isObject, type MaybeAuthenticated, type RequestSource } from './request-source';
import { upgradeRequestOf } from './upgrade-requests';

interface SocketClient {
  /** Socket.IO keeps the handshake's request here, and so may an application that uses `ws`. */
  readonly request?: unknown;
  readonly user?: unknown;
  /** Socket.IO: where applications keep what they know of the connection. */
  readonly data?: unknown;
}

/** A message that a client of a WebSocket has sent. What counts as its request is the one that opened the connection. */
export class SocketMessage implements RequestSource {
  readonly holder: object;
  readonly request: object;

  /**
   * @param key The list of arguments that Nest hands to guards and interceptors of this message, and of no other.
   * @param client The client, which is that of all its messages.
   */
  constructor(
    readonly key: readonly unknown[],
    private readonly client: SocketClient,
  ) {
    this.holder = key;
    const { request: handshake } = client;
    const found = isObject(handshake) ? handshake : upgradeRequestOf(client);
    this.request = isObject(found) ? found : client;
  }

  get user(): unknown {
    const { user, data } = this.client;
    const ofData = isObject(data) ? (data as MaybeAuthenticated).user : undefined;
    return user ?? ofData ?? (this.request as MaybeAuthenticated).user;
  }

  get headers(): unknown {
    return (this.request as MaybeAuthenticated).headers;
  }
}
