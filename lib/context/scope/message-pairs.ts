import { type RequestScope } from './request-scope';

interface Pair {
  readonly scope: RequestScope;
  /** The parameters that have asked for it. Each asks once a message. */
  readonly asked: WeakSet<object>;
}

/**
 * Finds the scope of a WebSocket's message where no interceptor has opened it: by the client and the object that it has
 * sent, which is all that the guard and the parameters of a message have in common. A message parser may hand out the
 * same object time and again, to all clients; so a guard, and a parameter that asks a second time, begin a new message.
 */
export class MessagePairs {
  private readonly byClient = new WeakMap<object, WeakMap<object, Pair>>();

  /**
   * @param parameter The handler's parameter that asks; a guard without one.
   * @param open Opens the scope of a new message.
   */
  scopeFor(
    client: object,
    data: object,
    parameter: object | undefined,
    open: () => RequestScope,
  ): RequestScope {
    let byData = this.byClient.get(client);
    if (byData === undefined) this.byClient.set(client, (byData = new WeakMap<object, Pair>()));
    let pair = byData.get(data);
    if (pair === undefined || parameter === undefined || pair.asked.has(parameter)) {
      byData.set(data, (pair = { scope: open(), asked: new WeakSet() }));
    }
    if (parameter !== undefined) pair.asked.add(parameter);
    return pair.scope;
  }
}
