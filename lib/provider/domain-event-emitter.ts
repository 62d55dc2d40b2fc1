import { OpenFeatureEventEmitter } from '@openfeature/server-sdk';
import { callSafely, detached } from '../runtime';
import { type Registration, registry } from './registry';

/**
 * Registers a provider, so that only its own {@link DomainEventEmitter} can be listened to meanwhile. OpenFeature adds all its
 * listeners before `register` returns.
 */
export function whileRegistering<T>(registration: Registration, register: () => T): T {
  const outer = registry.current;
  registry.current = registration;
  try {
    return register();
  } finally {
    registry.current = outer;
  }
}

/** Takes away what OpenFeature has listened with and does not take away itself. */
export function removeListeners({ provider, listeners }: Registration): void {
  for (const listener of listeners.splice(0)) provider.events?.removeHandler(...listener);
}

/**
 * A provider's events, for the domains it is registered under and no others. When OpenFeature first hears of a domain it
 * connects it with the default provider, and forgets to part them when the domain gets a provider of its own: one
 * application of a process would hear of another one's flags.
 */
export class DomainEventEmitter extends OpenFeatureEventEmitter {
  override addHandler(...listener: Parameters<OpenFeatureEventEmitter['addHandler']>): void {
    const { current } = registry;
    if (current !== undefined && current.provider.events !== this) return;
    super.addHandler(...listener);
    current?.listeners.push(listener);
  }

  /**
   * Tells the listeners, outside of the request that may have set the event off: what a listener starts belongs to no
   * user. One that fails keeps the provider from nothing.
   */
  override emit(...event: Parameters<OpenFeatureEventEmitter['emit']>): void {
    detached(() => {
      callSafely(() => {
        super.emit(...event);
      });
    });
  }
}
