import { type FactoryProvider, type Provider } from '@nestjs/common';
import { type FlagshipModuleOptions } from './options';

/** Makes the options that a module goes by instead of its own; called once for each module. */
export type StandIn = () => FlagshipModuleOptions;

/**
 * Injection token of a {@link StandIn}. Where a module sees one, its own options are not even made: a test that puts
 * other flags in place has no configuration for the real ones.
 */
export const FLAGSHIP_STAND_IN = Symbol('FLAGSHIP_STAND_IN');

/** For lists of what to inject. */
export const optionalStandIn = { token: FLAGSHIP_STAND_IN, optional: true } as const;

const isFactory = (provider: Provider): provider is FactoryProvider =>
  typeof provider === 'object' && 'useFactory' in provider;

/** The provider, whose factory is left alone where there is a stand-in. */
export function unlessStoodInFor(provider: Provider): Provider {
  if (!isFactory(provider)) return provider;
  const { useFactory, inject = [] } = provider;
  return {
    ...provider,
    inject: [optionalStandIn, ...inject],
    useFactory: (standIn: StandIn | undefined, ...injected: unknown[]): unknown =>
      standIn === undefined ? useFactory(...injected) : undefined,
  };
}
