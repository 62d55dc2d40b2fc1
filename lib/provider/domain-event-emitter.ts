import { OpenFeatureEventEmitter } from '@openfeature/server-sdk';
import { callSafely, detached } from '../runtime';
import { type Registration, registry } from './registry';

/**
 * Runs a function that registers a provider with OpenFeature. Meanwhile only the {@link DomainEventEmitter} of that
 * provider accepts handlers, and records them in the registration. OpenFeature adds all its handlers before `register`
 * returns.
 *
 * @returns What `register` returns.
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

/** Removes the handlers that OpenFeature added for a registration: OpenFeature does not remove all of them itself. */
export function removeListeners({ provider, listeners }: Registration): void {
  for (const listener of listeners.splice(0)) provider.events?.removeHandler(...listener);
}

/**
 * Emits a provider's events to the domains that it is registered for, and to no others. OpenFeature connects a new
 * domain with the default provider, and keeps that connection when the domain gets a provider of its own (checked with
 * `@openfeature/core` 1.12). Without this class, one application of a process would receive the events of another.
 */
export class DomainEventEmitter extends OpenFeatureEventEmitter {
  override addHandler(...listener: Parameters<OpenFeatureEventEmitter['addHandler']>): void {
    const { current } = registry;
    if (current !== undefined && current.provider.events !== this) return;
    super.addHandler(...listener);
    current?.listeners.push(listener);
  }

  /**
   * Calls the handlers outside of the request that may have caused the event, so that work which a handler starts
   * belongs to no user. A handler that throws does not affect the provider.
   */
  override emit(...event: Parameters<OpenFeatureEventEmitter['emit']>): void {
    detached(() => {
      callSafely(() => {
        super.emit(...event);
      });
    });
  }
}
