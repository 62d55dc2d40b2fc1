import { type OpenFeatureEventEmitter, type Provider } from '@openfeature/server-sdk';

/** A listener that was added to a provider's events. */
type Listener = Parameters<OpenFeatureEventEmitter['addHandler']>;

/** One registration of a provider with OpenFeature. */
export interface Registration {
  readonly provider: Provider;
  /** What OpenFeature listens with to the provider because of this registration. */
  readonly listeners: Listener[];
}

interface Registry {
  /** The providers that applications of this process use, by the domain that they are registered under. */
  readonly claimed: Map<string | undefined, Provider>;
  /** The registration that OpenFeature is busy with. */
  current: Registration | undefined;
}

/** Changes with the shape of {@link Registry}: copies of different versions must not read each other's. */
const KEY = Symbol.for('nestjs-flagship/registry/1');

/**
 * OpenFeature is one for the whole process, and a process may hold several copies of this package: one in the
 * `node_modules` of the application, one in those of a library. All of them have to know which domains are taken, as a
 * copy that does not would replace and close the provider of another.
 */
const shared = globalThis as { [KEY]?: Registry };
export const registry: Registry = (shared[KEY] ??= { claimed: new Map(), current: undefined });
