import { Inject, Module, type NestModule, type OnApplicationShutdown } from '@nestjs/common';
import { getOpenFeatureClientToken } from '@openfeature/nestjs-sdk';
import { type Client, OpenFeature } from '@openfeature/server-sdk';
import {
  ensurePropagation,
  Propagation,
  propagationProviders,
  RequestContextBuilder,
  RequestScopes,
  RESOLVED_OPTIONS,
} from './context';
import { FLAGSHIP_BINDING, FLAGSHIP_DOMAIN } from './flagship.constants';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './flagship.module-definition';
import { type AsyncModuleOptions, type ResolvedModuleOptions, resolveModuleOptions } from './options';
import { bindProvider, type BoundProvider, FlagshipServerProvider } from './provider';
import { FlagEvaluator, FlagService, layeredContext, RequestFlags } from './service';

function createClient(
  { domain }: BoundProvider,
  { context, hooks, handlers }: ResolvedModuleOptions,
): Client {
  const client = domain === undefined ? OpenFeature.getClient() : OpenFeature.getClient(domain);
  for (const [event, handler] of handlers) client.addHandler(event, handler);
  return client.setContext(layeredContext(context)).addHooks(...hooks);
}

/** Asynchronous, so that whoever injects a flag gets one from a provider that has started. */
function start({ domain, provider, providerOptions }: ResolvedModuleOptions): Promise<BoundProvider> {
  const chosen = provider ?? new FlagshipServerProvider(providerOptions);
  ensurePropagation();
  return bindProvider(domain, chosen);
}

/** The wiring behind `FlagshipModule`: one provider registered, one client, one of every part. */
@Module({
  providers: [
    {
      provide: RESOLVED_OPTIONS,
      inject: [MODULE_OPTIONS_TOKEN, FLAGSHIP_DOMAIN],
      useFactory: (options: AsyncModuleOptions, domain: string | undefined) =>
        resolveModuleOptions(domain === undefined ? options : { ...options, domain }),
    },
    { provide: FLAGSHIP_BINDING, inject: [RESOLVED_OPTIONS], useFactory: start },
    {
      provide: getOpenFeatureClientToken(),
      inject: [FLAGSHIP_BINDING, RESOLVED_OPTIONS],
      useFactory: createClient,
    },
    {
      provide: FlagEvaluator,
      inject: [getOpenFeatureClientToken(), FLAGSHIP_BINDING],
      useFactory: (client: Client, { domain }: BoundProvider) => new FlagEvaluator(client, domain),
    },
    RequestContextBuilder,
    RequestScopes,
    RequestFlags,
    FlagService,
    ...propagationProviders,
  ],
  exports: [FlagService, RequestScopes, RequestFlags, getOpenFeatureClientToken()],
})
export class FlagshipRootModule extends ConfigurableModuleClass implements NestModule, OnApplicationShutdown {
  constructor(
    @Inject(FLAGSHIP_BINDING) private readonly binding: BoundProvider,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions,
    @Inject(getOpenFeatureClientToken()) private readonly client: Client,
    private readonly propagation: Propagation,
  ) {
    super();
  }

  /** Nest asks for middleware here, before it makes the HTTP routes. */
  configure(): void {
    this.propagation.beforeRoutes();
  }

  /** The last of Nest's hooks: requests that are still under way have had their flags until the end. */
  onApplicationShutdown(): Promise<void> {
    // OpenFeature keeps handlers for the whole process.
    for (const [event, handler] of this.options.handlers) this.client.removeHandler(event, handler);
    return this.binding.unbind();
  }
}
