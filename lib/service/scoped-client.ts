import { type Client } from '@openfeature/server-sdk';
import { currentScope, runForModule, runInScope, type ScopeModule } from '../context';
import { ownCopy } from '../types';

const METHODS = [
  'getBooleanValue',
  'getBooleanDetails',
  'getStringValue',
  'getStringDetails',
  'getNumberValue',
  'getNumberDetails',
  'getObjectValue',
  'getObjectDetails',
  'track',
] as const;

/**
 * Makes a client ask under the context of its own module. OpenFeature has one transaction context for the clients of
 * all domains, and where an application has several modules it is the first one's. Evaluations wait for an asynchronous
 * context factory; `track`, which returns nothing to wait for, does not.
 *
 * @param client A client that nobody else uses; it is changed.
 */
export function scopedClient(client: Client, owner: ScopeModule): Client {
  for (const method of METHODS) {
    const ask = client[method].bind(client) as (...args: unknown[]) => unknown;
    const ownAsk = (key: unknown, given: unknown, ...rest: unknown[]): unknown => {
      // A default is often a constant: a caller that writes into its answer must not change it for the next one.
      const args = [key, method === 'track' ? given : ownCopy(given), ...rest];
      const asked = method === 'track' ? undefined : currentScope(owner)?.settled();
      return asked instanceof Promise
        ? asked.then((ready) => runInScope(ready, () => ask(...args)))
        : runForModule(owner, () => ask(...args));
    };
    Object.defineProperty(client, method, { value: ownAsk, configurable: true, writable: true });
  }
  return client;
}
