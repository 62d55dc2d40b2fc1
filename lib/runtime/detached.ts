import { AsyncResource } from 'node:async_hooks';

/**
 * Created when the package is loaded, outside of any request. Code that runs in it sees the value of a request in no
 * `AsyncLocalStorage`, neither of this package nor of others.
 */
const root = new AsyncResource('nestjs-flagship');

/**
 * Runs work that outlives the request that starts it (a timer, a socket, an event, a write, a promise that several
 * callers await) outside of every `AsyncLocalStorage`, the scopes of this package and the traces of OpenTelemetry
 * included. Otherwise its callbacks would evaluate flags for the user of that request, and would keep the request in
 * memory.
 *
 * @returns What `run` returns.
 */
export function detached<T>(run: () => T): T {
  return root.runInAsyncScope(run);
}
