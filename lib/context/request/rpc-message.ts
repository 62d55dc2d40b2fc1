import { messageHeaders } from './message-headers';
import { type MaybeAuthenticated, type RequestSource } from './request-source';

/**
 * A message between services. Nest makes its context (`TcpContext`, `NatsContext`, …) anew for each message and gives
 * it to every handler of it; it counts as the request, and authentication leaves `user` on it.
 */
export class RpcMessage implements RequestSource {
  readonly holder: object;
  readonly request: object;

  /**
   * @param key The context of the message.
   * @param data The payload. A transport of the application's may share one context between messages; they are told
   * apart by this.
   */
  constructor(
    readonly key: object,
    readonly data: unknown,
  ) {
    this.holder = key;
    this.request = key;
  }

  get user(): unknown {
    return (this.key as MaybeAuthenticated).user;
  }

  /** Read only where a header is wanted: not every transport keeps them ready. */
  get headers(): unknown {
    return messageHeaders(this.key);
  }
}
