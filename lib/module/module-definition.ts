import { ConfigurableModuleBuilder, type Provider } from '@nestjs/common';
import { type AsyncModuleOptions } from '../options';
import { type FlagService, getFlagsToken } from '../service';
import { openFeatureClientToken } from '../undocumented';
import { MODULE_FLAGS, MODULE_ID } from './module.tokens';
import { type ModuleId, nextModuleId } from './module-id';
import { skipWhenOverridden } from './options-override';

/** Settings that Nest needs before it creates the options: where the module is visible, and its injection tokens. */
interface Extras {
  isGlobal?: boolean;
  domain?: string;
  /** See {@link ModuleId.isReplaceable}. */
  isReplaceable?: boolean;
}

/** Returns the exports of the module: its `FlagService` and its OpenFeature client, under the names of its domain. */
function exportedProviders(domain: string | undefined) {
  return [
    { provide: getFlagsToken(domain), useExisting: MODULE_FLAGS },
    {
      provide: openFeatureClientToken(domain),
      inject: [MODULE_FLAGS],
      useFactory: ({ client }: FlagService) => client,
    },
  ];
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<AsyncModuleOptions>({
    moduleName: 'Flagship',
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createFlagshipOptions')
    .setExtras<Extras>({ isGlobal: true, domain: undefined, isReplaceable: false }, (definition, extras) => {
      const { isGlobal = true, domain, isReplaceable = false } = extras;
      const exported = exportedProviders(domain);
      const moduleId: ModuleId = { domain, id: nextModuleId(), isReplaceable };
      const own: Provider[] = [{ provide: MODULE_ID, useValue: moduleId }, ...exported];
      return {
        ...definition,
        global: isGlobal,
        providers: [...(definition.providers ?? []).map(skipWhenOverridden), ...own],
        exports: [...(definition.exports ?? []), ...exported.map(({ provide }) => provide)],
      };
    })
    .build();
