import { ConfigurableModuleBuilder, type ExistingProvider, type Provider } from '@nestjs/common';
import { getOpenFeatureClientToken } from '@openfeature/nestjs-sdk';
import { type AsyncModuleOptions } from '../options';
import { MODULE_CLIENT, MODULE_FLAGS, MODULE_ID } from './module.tokens';
import { nextModuleId } from './module-id';
import { type ModuleId } from './default-module';
import { unlessOverridden } from './options-override';
import { getFlagsToken } from '../service';

/** What must be known before the options are: what is visible where, and under which name. */
interface Extras {
  isGlobal?: boolean;
  domain?: string;
}

/** `@InjectFlags(domain)` and `@OpenFeatureClient({ domain })` find the module by its domain. */
function namesOf(domain: string | undefined): ExistingProvider[] {
  if (domain === undefined) return [];
  return [
    { provide: getFlagsToken(domain), useExisting: MODULE_FLAGS },
    { provide: getOpenFeatureClientToken(domain), useExisting: MODULE_CLIENT },
  ];
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<AsyncModuleOptions>({
    moduleName: 'Flagship',
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createFlagshipOptions')
    .setExtras<Extras>({ isGlobal: true, domain: undefined }, (definition, { isGlobal, domain }) => {
      const names = namesOf(domain);
      const identity: ModuleId = { domain, id: nextModuleId() };
      const known: Provider[] = [{ provide: MODULE_ID, useValue: identity }, ...names];
      return {
        ...definition,
        global: isGlobal ?? true,
        providers: [...(definition.providers ?? []).map(unlessOverridden), ...known],
        exports: [...(definition.exports ?? []), ...names.map(({ provide }) => provide)],
      };
    })
    .build();
