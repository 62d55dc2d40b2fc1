import { OpenFeatureEventEmitter, type Provider } from '@openfeature/server-sdk';

/** What OpenFeature is busy registering; it adds all its listeners before it returns. */
let registering: Provider | undefined;

/** Registers a provider, so that only its own {@link OwnEvents} can be listened to meanwhile. */
export function whileRegistering<T>(provider: Provider, register: () => T): T {
  const outer = registering;
  registering = provider;
  try {
    return register();
  } finally {
    registering = outer;
  }
}

/**
 * A provider's events, for the domains it is registered under and no others. When OpenFeature first hears of a domain it
 * connects it with the default provider, and forgets to part them when the domain gets a provider of its own: one
 * application of a process would hear of another one's flags.
 */
export class OwnEvents extends OpenFeatureEventEmitter {
  override addHandler(...listener: Parameters<OpenFeatureEventEmitter['addHandler']>): void {
    if (registering === undefined || registering.events === this) super.addHandler(...listener);
  }
}
