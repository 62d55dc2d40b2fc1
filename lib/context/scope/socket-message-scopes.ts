import { type RequestScope } from './request-scope';

interface Message {
  readonly client: object;
  readonly data: object;
  readonly handler: object;
}

interface OpenMessage {
  readonly scope: RequestScope;
  readonly handler: object;
  /** The parameters that have received the scope. Each parameter is resolved once per message. */
  readonly parameters: WeakSet<object>;
}

/**
 * Finds the scope of a WebSocket message around which no interceptor has opened one, by the client and the payload
 * object: these are all that the guard and the parameters of a message have in common. A message parser may return the
 * same object for each message and client, so a guard, another handler, or a parameter that has already received the
 * scope starts a new message.
 */
export class SocketMessageScopes {
  private readonly byClient = new WeakMap<object, WeakMap<object, OpenMessage>>();

  /**
   * Returns the scope of a message.
   *
   * @param message The client, the payload object that it sent, and the handler of the message.
   * @param parameter Identifies the handler's parameter that is being resolved; undefined for a guard.
   * @param open Opens and returns the scope of a new message.
   */
  scopeFor(
    { client, data, handler }: Message,
    parameter: object | undefined,
    open: () => RequestScope,
  ): RequestScope {
    let byData = this.byClient.get(client);
    if (byData === undefined) this.byClient.set(client, (byData = new WeakMap<object, OpenMessage>()));
    let message = byData.get(data);
    const isSameMessage =
      message?.handler === handler && parameter !== undefined && !message.parameters.has(parameter);
    if (message === undefined || !isSameMessage) {
      byData.set(data, (message = { scope: open(), handler, parameters: new WeakSet() }));
    }
    if (parameter !== undefined) message.parameters.add(parameter);
    return message.scope;
  }
}
