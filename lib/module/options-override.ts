import { type FactoryProvider, type Provider } from '@nestjs/common';
import { type FlagshipModuleOptions } from '../options';

/** Returns the options that a module uses instead of its own; called once for each module. */
export type OptionsOverride = () => FlagshipModuleOptions;

/**
 * Injection token of an {@link OptionsOverride}. If an override can be injected, the module's own options factory is not
 * called, because a test has no configuration for it.
 */
export const OPTIONS_OVERRIDE = Symbol('FLAGSHIP_OPTIONS_OVERRIDE');

/** Entry for `inject` arrays: the override, or undefined. */
export const optionalOverride = { token: OPTIONS_OVERRIDE, optional: true } as const;

const isFactory = (provider: Provider): provider is FactoryProvider =>
  typeof provider === 'object' && 'useFactory' in provider;

/** Returns the provider with a factory that is not called where the options are overridden. */
export function skipWhenOverridden(provider: Provider): Provider {
  if (!isFactory(provider)) return provider;
  const { useFactory, inject = [] } = provider;
  return {
    ...provider,
    inject: [optionalOverride, ...inject],
    useFactory: (override: OptionsOverride | undefined, ...injected: unknown[]): unknown =>
      override === undefined ? useFactory(...injected) : undefined,
  };
}
