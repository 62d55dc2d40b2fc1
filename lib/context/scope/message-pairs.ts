import { type RequestScope } from './request-scope';

interface Message {
  readonly client: object;
  readonly data: object;
  readonly handler: object;
}

interface Pair {
  readonly scope: RequestScope;
  readonly handler: object;
  /** The parameters that have asked for it. Each asks once a message. */
  readonly asked: WeakSet<object>;
}

/**
 * Finds the scope of a WebSocket's message where no interceptor has opened it: by the client and the object that it has
 * sent, which is all that the guard and the parameters of a message have in common. A message parser may hand out the
 * same object for every message and client; so a guard, another handler, and a parameter that asks a second time begin a new message.
 */
export class MessagePairs {
  private readonly byClient = new WeakMap<object, WeakMap<object, Pair>>();

  /**
   * @param message The client, the object that it has sent, and the handler of the message.
   * @param parameter The handler's parameter that asks; a guard without one.
   * @param open Opens the scope of a new message.
   */
  scopeFor(
    { client, data, handler }: Message,
    parameter: object | undefined,
    open: () => RequestScope,
  ): RequestScope {
    let byData = this.byClient.get(client);
    if (byData === undefined) this.byClient.set(client, (byData = new WeakMap<object, Pair>()));
    let pair = byData.get(data);
    const isKnown = pair?.handler === handler && parameter !== undefined && !pair.asked.has(parameter);
    if (pair === undefined || !isKnown) {
      byData.set(data, (pair = { scope: open(), handler, asked: new WeakSet() }));
    }
    if (parameter !== undefined) pair.asked.add(parameter);
    return pair.scope;
  }
}
