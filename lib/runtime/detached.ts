import { AsyncResource } from 'node:async_hooks';

/**
 * Made when the package is loaded, outside of any request: code that runs in it sees no `AsyncLocalStorage` of a
 * request, whoever that storage belongs to.
 */
const root = new AsyncResource('nestjs-flagship');

/**
 * Runs what outlives the request that sets it off (a timer, a socket, an event, a write, a promise that others wait for
 * too) outside of any request: outside of every `AsyncLocalStorage`, the scopes of this package and the traces of
 * OpenTelemetry included. Otherwise its callbacks would evaluate flags for that request's user, and would keep the
 * request in memory.
 *
 * @returns What `run` returns.
 */
export function detached<T>(run: () => T): T {
  return root.runInAsyncScope(run);
}
