import {
  Inject,
  Module,
  type NestModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
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
import { messageOf } from './errors';
import { FlagshipLogger } from './logging';
import {
  FLAGSHIP_BINDING,
  FLAGSHIP_CLIENT,
  FLAGSHIP_FLAGS,
  FLAGSHIP_IDENTITY,
  FLAGSHIP_LIFETIME,
} from './flagship.constants';
import { listenTo } from './flagship-handlers';
import { Lifetime } from './flagship-lifetime';
import { type FlagshipIdentity } from './flagship-main';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './flagship.module-definition';
import { optionalStandIn, type StandIn } from './flagship.stand-in';
import { FlagshipShared, FlagshipSharedModule } from './flagship-shared.module';
import { guardedHooks } from './hooks';
import { type AsyncModuleOptions, type ResolvedModuleOptions, resolveModuleOptions } from './options';
import { bindProvider, type BoundProvider, FlagshipServerProvider, START_LIMIT_MS } from './provider';
import { callSafely, detached } from './runtime';
import { FlagEvaluator, FlagService, layeredContext, scopedClient } from './service';
import { tellUsage } from './usage';

function createClient({ domain }: BoundProvider, options: ResolvedModuleOptions, lifetime: Lifetime): Client {
  const { context, hooks, hookTimeout, handlers } = options;
  const client = domain === undefined ? OpenFeature.getClient() : OpenFeature.getClient(domain);
  lifetime.onEnd(listenTo(client, handlers));
  return scopedClient(
    client.setContext(layeredContext(context)).addHooks(...guardedHooks(hooks, hookTimeout)),
    options,
  );
}

/** Asynchronous, so that whoever injects a flag gets one from a provider that has started. */
async function start(
  { domain, provider, providerOptions }: ResolvedModuleOptions,
  lifetime: Lifetime,
): Promise<BoundProvider> {
  ensurePropagation();
  // What Flagship's own provider waits for has limits of its own, set by its options.
  const bound =
    provider === undefined
      ? bindProvider(
          domain,
          detached(() => new FlagshipServerProvider(providerOptions)),
        )
      : bindProvider(domain, provider, START_LIMIT_MS);
  lifetime.onEnd(() => bound.unbind());
  await bound.ready;
  return bound;
}

/** The module's flags, made known to the whole application. */
function createFlags(
  identity: FlagshipIdentity,
  options: ResolvedModuleOptions,
  evaluator: FlagEvaluator,
  scopes: RequestScopes,
  shared: FlagshipShared,
): FlagService {
  const flags = new FlagService(evaluator, options, () => shared.usage(identity));
  const isMain = shared.main.isMain(identity, { flags, client: evaluator.client });
  shared.flags.add({ domain: identity.domain, scopes, evaluator }, isMain);
  shared.scopes.add(scopes, isMain, options.propagation !== 'none');
  return flags;
}

/** The wiring behind `FlagshipModule`: one provider registered, one client, one of every part. */
@Module({
  imports: [FlagshipSharedModule],
  providers: [
    {
      provide: FLAGSHIP_LIFETIME,
      inject: [ModulesContainer],
      useFactory: (modules: ModulesContainer) => Lifetime.of(modules),
    },
    {
      provide: RESOLVED_OPTIONS,
      inject: [MODULE_OPTIONS_TOKEN, FLAGSHIP_IDENTITY, optionalStandIn],
      useFactory: (own: AsyncModuleOptions, { domain }: FlagshipIdentity, standIn?: StandIn) => {
        const options = standIn?.() ?? own;
        return resolveModuleOptions(domain === undefined ? options : { ...options, domain });
      },
    },
    { provide: FLAGSHIP_BINDING, inject: [RESOLVED_OPTIONS, FLAGSHIP_LIFETIME], useFactory: start },
    {
      provide: FLAGSHIP_CLIENT,
      inject: [FLAGSHIP_BINDING, RESOLVED_OPTIONS, FLAGSHIP_LIFETIME],
      useFactory: createClient,
    },
    {
      provide: FlagEvaluator,
      inject: [FLAGSHIP_CLIENT, FLAGSHIP_BINDING, RESOLVED_OPTIONS],
      useFactory: (client: Client, { domain }: BoundProvider, options: ResolvedModuleOptions) =>
        new FlagEvaluator(client, domain, options),
    },
    RequestContextBuilder,
    RequestScopes,
    {
      provide: FLAGSHIP_FLAGS,
      inject: [FLAGSHIP_IDENTITY, RESOLVED_OPTIONS, FlagEvaluator, RequestScopes, FlagshipShared],
      useFactory: createFlags,
    },
    // These names belong to no domain, whichever module they are looked up in. Each waits for the module's own part too,
    // so that Nest can tell a circle.
    {
      provide: FlagService,
      inject: [FlagshipShared, FLAGSHIP_FLAGS],
      useFactory: async ({ main }: FlagshipShared) => (await main.parts).flags,
    },
    {
      provide: getOpenFeatureClientToken(),
      inject: [FlagshipShared, FLAGSHIP_FLAGS],
      useFactory: async ({ main }: FlagshipShared) => (await main.parts).client,
    },
    ...propagationProviders,
  ],
  exports: [FlagService, getOpenFeatureClientToken()],
})
export class FlagshipRootModule
  extends ConfigurableModuleClass
  implements NestModule, OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  constructor(
    @Inject(FLAGSHIP_LIFETIME) private readonly lifetime: Lifetime,
    @Inject(FLAGSHIP_FLAGS) private readonly flags: FlagService,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions,
    private readonly evaluator: FlagEvaluator,
    private readonly propagation: Propagation,
  ) {
    super();
  }

  onModuleInit(): void {
    this.lifetime.begin();
  }

  /** Routes are known by now. */
  onApplicationBootstrap(): void {
    callSafely(
      () => {
        tellUsage(this.flags, this.options, this.evaluator.flagKeys());
      },
      (error) => {
        new FlagshipLogger('FlagshipModule').warn(`The use of flags cannot be told. ${messageOf(error)}`);
      },
    );
  }

  /** Nest asks for middleware here, before it makes the HTTP routes. */
  configure(): void {
    this.propagation.beforeRoutes();
  }

  /** The first of Nest's hooks at the end: a cache module closes its store in it. */
  onModuleDestroy(): void {
    // A provider of the user's may serve other applications.
    if (this.options.provider !== undefined) return;
    // Nest calls none of the hooks that follow one that throws.
    callSafely(() => {
      this.evaluator.letGoOfStore();
    });
  }

  /** The last of Nest's hooks: requests that are still under way have had their flags until the end. */
  onApplicationShutdown(): Promise<void> {
    return this.lifetime.end();
  }
}
