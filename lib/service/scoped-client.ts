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
 * Makes a client evaluate under the context of its own module, and returns it. OpenFeature has one transaction context
 * for the clients of all domains, which in an application with several modules is that of the module on top.
 * Evaluations await an asynchronous context factory; `track` does not, because it returns no promise.
 *
 * @param client A client created for this module only; its methods are replaced.
 */
export function scopedClient(client: Client, module: ScopeModule): Client {
  for (const method of METHODS) {
    const call = client[method].bind(client) as (...args: unknown[]) => unknown;
    /** @param second The default of an evaluation; the context of `track`. */
    const scopedCall = (key: unknown, second: unknown, ...others: unknown[]): unknown => {
      // Copied, because the default is often a constant, and a caller may change the value that it receives.
      const args = [key, method === 'track' ? second : ownCopy(second), ...others];
      const scope = method === 'track' ? undefined : currentScope(module)?.forEvaluation();
      return scope instanceof Promise
        ? scope.then((ready) => runInScope(ready, () => call(...args)))
        : runForModule(module, () => call(...args));
    };
    Object.defineProperty(client, method, { value: scopedCall, configurable: true, writable: true });
  }
  return client;
}
