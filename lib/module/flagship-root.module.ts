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
} from '../context';
import { messageOf } from '../errors';
import { FlagshipLogger } from '../logging';
import {
  PROVIDER_REGISTRATION,
  MODULE_CLIENT,
  MODULE_FLAGS,
  MODULE_ID,
  CLEANUP_STACK,
} from './module.tokens';
import { addHandlers } from './provider-handlers';
import { CleanupStack } from './cleanup-stack';
import { type ModuleId } from './default-module';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './module-definition';
import { optionalOverride, type OptionsOverride } from './options-override';
import { ModuleRegistry, FlagshipCommonModule } from './flagship-common.module';
import { guardedHooks } from '../hooks';
import { type AsyncModuleOptions, type ResolvedModuleOptions, resolveModuleOptions } from '../options';
import {
  registerProvider,
  type RegisteredProvider,
  FlagshipServerProvider,
  START_LIMIT_MS,
} from '../provider';
import { callSafely, detached } from '../runtime';
import { FlagEvaluator, FlagService, layeredContext, scopedClient } from '../service';
import { logUsage } from '../usage';

function createClient(
  { domain }: RegisteredProvider,
  options: ResolvedModuleOptions,
  lifetime: CleanupStack,
): Client {
  const { context, hooks, hookTimeout, handlers } = options;
  const client = domain === undefined ? OpenFeature.getClient() : OpenFeature.getClient(domain);
  lifetime.defer(addHandlers(client, handlers));
  return scopedClient(
    client.setContext(layeredContext(context)).addHooks(...guardedHooks(hooks, hookTimeout)),
    options,
  );
}

/** Asynchronous, so that whoever injects a flag gets one from a provider that has started. */
async function start(
  { domain, provider, providerOptions }: ResolvedModuleOptions,
  lifetime: CleanupStack,
): Promise<RegisteredProvider> {
  ensurePropagation();
  // What Flagship's own provider waits for has limits of its own, set by its options.
  const bound =
    provider === undefined
      ? registerProvider(
          domain,
          detached(() => new FlagshipServerProvider(providerOptions)),
        )
      : registerProvider(domain, provider, START_LIMIT_MS);
  lifetime.defer(() => bound.unregister());
  await bound.ready;
  return bound;
}

/** The module's flags, made known to the whole application. */
function createFlags(
  identity: ModuleId,
  options: ResolvedModuleOptions,
  evaluator: FlagEvaluator,
  scopes: RequestScopes,
  shared: ModuleRegistry,
): FlagService {
  const flags = new FlagService(evaluator, options, () => shared.usage(identity));
  const isMain = shared.main.isMain(identity, { flags, client: evaluator.client });
  shared.flags.add({ domain: identity.domain, scopes, evaluator }, isMain);
  shared.scopes.add(scopes, isMain, options.propagation !== 'none');
  return flags;
}

/** The wiring behind `FlagshipModule`: one provider registered, one client, one of every part. */
@Module({
  imports: [FlagshipCommonModule],
  providers: [
    {
      provide: CLEANUP_STACK,
      inject: [ModulesContainer],
      useFactory: (modules: ModulesContainer) => CleanupStack.of(modules),
    },
    {
      provide: RESOLVED_OPTIONS,
      inject: [MODULE_OPTIONS_TOKEN, MODULE_ID, optionalOverride],
      useFactory: (own: AsyncModuleOptions, { domain }: ModuleId, standIn?: OptionsOverride) => {
        const options = standIn?.() ?? own;
        return resolveModuleOptions(domain === undefined ? options : { ...options, domain });
      },
    },
    { provide: PROVIDER_REGISTRATION, inject: [RESOLVED_OPTIONS, CLEANUP_STACK], useFactory: start },
    {
      provide: MODULE_CLIENT,
      inject: [PROVIDER_REGISTRATION, RESOLVED_OPTIONS, CLEANUP_STACK],
      useFactory: createClient,
    },
    {
      provide: FlagEvaluator,
      inject: [MODULE_CLIENT, PROVIDER_REGISTRATION, RESOLVED_OPTIONS],
      useFactory: (client: Client, { domain }: RegisteredProvider, options: ResolvedModuleOptions) =>
        new FlagEvaluator(client, domain, options),
    },
    RequestContextBuilder,
    RequestScopes,
    {
      provide: MODULE_FLAGS,
      inject: [MODULE_ID, RESOLVED_OPTIONS, FlagEvaluator, RequestScopes, ModuleRegistry],
      useFactory: createFlags,
    },
    // These names belong to no domain, whichever module they are looked up in. Each waits for the module's own part too,
    // so that Nest can tell a circle.
    {
      provide: FlagService,
      inject: [ModuleRegistry, MODULE_FLAGS],
      useFactory: async ({ main }: ModuleRegistry) => (await main.parts).flags,
    },
    {
      provide: getOpenFeatureClientToken(),
      inject: [ModuleRegistry, MODULE_FLAGS],
      useFactory: async ({ main }: ModuleRegistry) => (await main.parts).client,
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
    @Inject(CLEANUP_STACK) private readonly lifetime: CleanupStack,
    @Inject(MODULE_FLAGS) private readonly flags: FlagService,
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
        logUsage(this.flags, this.options, this.evaluator.flagKeys());
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
      this.evaluator.detachStore();
    });
  }

  /** The last of Nest's hooks: requests that are still under way have had their flags until the end. */
  onApplicationShutdown(): Promise<void> {
    return this.lifetime.dispose();
  }
}
