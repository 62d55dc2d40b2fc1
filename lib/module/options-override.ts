import { type FactoryProvider, type Provider } from '@nestjs/common';
import { type FlagshipModuleOptions } from '../options';

/** Makes the options that a module goes by instead of its own; called once for each module. */
export type OptionsOverride = () => FlagshipModuleOptions;

/**
 * Injection token of a {@link OptionsOverride}. Where a module sees one, its own options are not even made: a test that puts
 * other flags in place has no configuration for the real ones.
 */
export const OPTIONS_OVERRIDE = Symbol('FLAGSHIP_STAND_IN');

/** For lists of what to inject. */
export const optionalOverride = { token: OPTIONS_OVERRIDE, optional: true } as const;

const isFactory = (provider: Provider): provider is FactoryProvider =>
  typeof provider === 'object' && 'useFactory' in provider;

/** The provider, whose factory is left alone where there is a stand-in. */
export function unlessOverridden(provider: Provider): Provider {
  if (!isFactory(provider)) return provider;
  const { useFactory, inject = [] } = provider;
  return {
    ...provider,
    inject: [optionalOverride, ...inject],
    useFactory: (standIn: OptionsOverride | undefined, ...injected: unknown[]): unknown =>
      standIn === undefined ? useFactory(...injected) : undefined,
  };
}
