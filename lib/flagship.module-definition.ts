import { ConfigurableModuleBuilder } from '@nestjs/common';
import { getOpenFeatureClientToken } from '@openfeature/nestjs-sdk';
import { type AsyncModuleOptions } from './options';
import { FLAGSHIP_DOMAIN } from './flagship.constants';
import { unlessStoodInFor } from './flagship.stand-in';

/** What must be known before the options are: what is visible where, and under which name. */
interface Extras {
  isGlobal?: boolean;
  domain?: string;
}

/** `@OpenFeatureClient({ domain })` finds the client by its domain as well. */
function clientOf(domain: string | undefined): { provide: string; useExisting: string }[] {
  return domain === undefined
    ? []
    : [{ provide: getOpenFeatureClientToken(domain), useExisting: getOpenFeatureClientToken() }];
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
      providers: [
        ...(definition.providers ?? []).map(unlessStoodInFor),
        { provide: FLAGSHIP_DOMAIN, useValue: domain },
        ...clientOf(domain),
      ],
      exports: [...(definition.exports ?? []), ...clientOf(domain).map(({ provide }) => provide)],
    }))
    .build();
