import { ConfigurableModuleBuilder } from '@nestjs/common';
import { type AsyncModuleOptions } from './options';
import { FLAGSHIP_DOMAIN } from './flagship.constants';

/** What must be known before the options are: what is visible where, and under which name. */
interface Extras {
  isGlobal?: boolean;
  domain?: string;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<AsyncModuleOptions>({
    moduleName: 'Flagship',
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createFlagshipOptions')
    .setExtras<Extras>({ isGlobal: true, domain: undefined }, (definition, { isGlobal, domain }) => ({
      ...definition,
      global: isGlobal ?? true,
      providers: [...(definition.providers ?? []), { provide: FLAGSHIP_DOMAIN, useValue: domain }],
    }))
    .build();
