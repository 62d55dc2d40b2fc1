import { type OpenFeatureEventEmitter, type Provider } from '@openfeature/server-sdk';

/** The arguments with which a handler was added to a provider's events. */
type Listener = Parameters<OpenFeatureEventEmitter['addHandler']>;

/** One registration of a provider with OpenFeature. */
export interface Registration {
  readonly provider: Provider;
  /** The handlers that OpenFeature added to the provider's events because of this registration. */
  readonly listeners: Listener[];
}

interface Registry {
  /** The providers that applications of this process use, by the domain that they are registered for. */
  readonly claimed: Map<string | undefined, Provider>;
  /** The registration that is under way in OpenFeature. */
  current: Registration | undefined;
}

/** The number changes with the shape of {@link Registry}, so that copies of different versions do not share one. */
const KEY = Symbol.for('nestjs-flagship/registry/1');

/**
 * The registry of this process. OpenFeature is one for the whole process, but a process may load several copies of this
 * package: one from the `node_modules` of the application, one from those of a library. A copy that did not know the
 * domains of the others would replace and close their providers.
 */
const shared = globalThis as { [KEY]?: Registry };
export const registry: Registry = (shared[KEY] ??= { claimed: new Map(), current: undefined });
