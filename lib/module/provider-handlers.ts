import { type Client, type EventHandler } from '@openfeature/server-sdk';
import { messageOf } from '../errors';
import { FlagshipLogger, withoutCredentials } from '../logging';
import { type ProviderEventHandler } from '../options';
import { callSafely, detached } from '../runtime';

/**
 * Listens to the provider's events with the functions of the option `handlers`.
 *
 * @returns A function that removes the handlers. Without it OpenFeature keeps them as long as the process runs.
 */
export function addHandlers(client: Client, handlers: readonly ProviderEventHandler[]): () => void {
  const safe = handlers.map(([event, handler]) => [event, safely(event, handler)] as const);
  // OpenFeature calls a handler at once for the state that the provider is in.
  for (const [event, handler] of safe) client.addHandler(event, handler);
  return () => {
    for (const [event, handler] of safe) client.removeHandler(event, handler);
  };
}

/**
 * Returns the handler, called outside of any request; its first error is logged. Otherwise a rejection of OpenFeature's
 * first call would end the process, and OpenFeature would drop all other failures without a report.
 */
function safely(event: string, handler: EventHandler): EventHandler {
  let isReported = false;
  const report = (error: unknown): void => {
    if (isReported) return;
    isReported = true;
    new FlagshipLogger('FlagshipModule').warn(
      `A handler of ${event} (option "handlers") has failed; it is called again at the next event. ${withoutCredentials(messageOf(error))}`,
    );
  };
  return (details) => {
    detached(() => {
      callSafely(() => handler(details), report);
    });
  };
}
