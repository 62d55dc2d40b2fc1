import { messageHeaders } from './message-headers';
import { type MaybeAuthenticated, type RequestSource } from './request-source';

/**
 * A message between services. Nest creates a context (`TcpContext`, `NatsContext`, …) per message and passes it to each
 * handler of the message; this context is the request, and authentication sets `user` on it.
 */
export class RpcMessage implements RequestSource {
  readonly request: object;

  /**
   * @param key The Nest context of the message.
   * @param data The payload. It distinguishes messages of a custom transport that shares one context between messages.
   */
  constructor(
    readonly key: object,
    readonly data: unknown,
  ) {
    this.request = key;
  }

  get user(): unknown {
    return (this.key as MaybeAuthenticated).user;
  }

  /** Computed at each read: some transports parse the headers, so they are read only if an option names one. */
  get headers(): unknown {
    return messageHeaders(this.key);
  }
}
