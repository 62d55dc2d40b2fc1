import {
  Inject,
  Module,
  type NestModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { type Client, OpenFeature } from '@openfeature/server-sdk';
import {
  ensurePropagation,
  PropagationSetup,
  propagationProviders,
  RequestContextBuilder,
  RequestScopes,
  RESOLVED_OPTIONS,
} from '../context';
import { messageOf } from '../errors';
import { guardedHooks } from '../hooks';
import { FlagshipLogger } from '../logging';
import { type AsyncModuleOptions, type ResolvedModuleOptions, resolveModuleOptions } from '../options';
import {
  FlagshipServerProvider,
  type RegisteredProvider,
  registerProvider,
  START_LIMIT_MS,
} from '../provider';
import { callSafely, detached } from '../runtime';
import {
  FlagEvaluator,
  FlagService,
  getFlagsToken,
  overridableClientContext,
  RequestFlags,
  scopedClient,
} from '../service';
import { logUsage } from '../usage';
import { CleanupStack } from './cleanup-stack';
import { FlagshipCommonModule } from './flagship-common.module';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './module-definition';
import {
  CLEANUP_STACK,
  MODULE_CLIENT,
  MODULE_FLAGS,
  MODULE_ID,
  PROVIDER_REGISTRATION,
} from './module.tokens';
import { type ModuleId } from './module-id';
import { ModuleRegistry } from './module-registry';
import { optionalOverride, type OptionsOverride } from './options-override';
import { addHandlers } from './provider-handlers';

/**
 * Returns the checked options of the module, or those that override them.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` when an option cannot be used, or another module has the same domain.
 */
function resolveOptions(
  own: AsyncModuleOptions,
  moduleId: ModuleId,
  registry: ModuleRegistry,
  override?: OptionsOverride,
): ResolvedModuleOptions {
  registry.expectUniqueDomain(moduleId);
  const { domain } = moduleId;
  const options = override?.() ?? own;
  return resolveModuleOptions(domain === undefined ? options : { ...options, domain });
}

/** Resolves when the provider has started, so that Nest injects flags only of a provider that has started. */
async function startProvider(
  { domain, provider, providerOptions }: ResolvedModuleOptions,
  cleanup: CleanupStack,
): Promise<RegisteredProvider> {
  ensurePropagation();
  const registered =
    provider === undefined
      ? registerProvider(
          domain,
          detached(() => FlagshipServerProvider.withoutPolling(providerOptions)),
        )
      : // Flagship's own provider has limits of its own, set by its options.
        registerProvider(domain, provider, START_LIMIT_MS);
  cleanup.defer(() => registered.unregister());
  await registered.ready;
  return registered;
}

function createClient(
  { domain }: RegisteredProvider,
  options: ResolvedModuleOptions,
  cleanup: CleanupStack,
): Client {
  const { context, hooks, hookTimeout, handlers } = options;
  const client = domain === undefined ? OpenFeature.getClient() : OpenFeature.getClient(domain);
  cleanup.defer(addHandlers(client, handlers));
  return scopedClient(
    client.setContext(overridableClientContext(context)).addHooks(...guardedHooks(hooks, hookTimeout)),
    options,
  );
}

/** Returns the module's flags, or those of the module that replaces it. */
function createFlags(
  moduleId: ModuleId,
  options: ResolvedModuleOptions,
  evaluator: FlagEvaluator,
  scopes: RequestScopes,
  registry: ModuleRegistry,
): FlagService | Promise<FlagService> {
  const { domain } = moduleId;
  if (!registry.isActive(moduleId)) return registry.flagsOf(domain);
  const flags = new FlagService(evaluator, options, () => registry.usage(domain));
  const propagates = options.propagation !== 'none';
  registry.register({ domain, flags, scopes, evaluator, propagates });
  return flags;
}

/**
 * The parts behind `FlagshipModule`; each module has its own. Nest creates them in this order:
 * 1. `RESOLVED_OPTIONS`: checks the options, and that no other module has the same domain.
 * 2. `PROVIDER_REGISTRATION`: registers the provider with OpenFeature and waits until it has started, within its limits.
 * 3. `MODULE_CLIENT`: the OpenFeature client with the static context, hooks and handlers.
 * 4. `FlagEvaluator`, `RequestContextBuilder`, `RequestScopes`: evaluate in the scope of a request.
 * 5. `MODULE_FLAGS`: the `FlagService`, which the registry publishes to guards, parameters and interceptors.
 * 6. `configure` and `PropagationSetup`: open the scope of each request.
 * 7. `onModuleInit`: finds a `FlagService` that a test provides instead.
 * 8. `onApplicationBootstrap`: definitions are polled from here on, and the use of flags is logged.
 * `app.close()` undoes them: `onModuleDestroy` detaches the shared store, `onApplicationShutdown` runs the cleanup stack.
 */
@Module({
  imports: [FlagshipCommonModule],
  providers: [
    { provide: CLEANUP_STACK, useFactory: () => new CleanupStack() },
    {
      provide: RESOLVED_OPTIONS,
      inject: [MODULE_OPTIONS_TOKEN, MODULE_ID, ModuleRegistry, optionalOverride],
      useFactory: resolveOptions,
    },
    {
      provide: PROVIDER_REGISTRATION,
      inject: [RESOLVED_OPTIONS, CLEANUP_STACK],
      useFactory: startProvider,
    },
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
    ...propagationProviders,
  ],
})
export class FlagshipRootModule
  extends ConfigurableModuleClass
  implements NestModule, OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  constructor(
    @Inject(CLEANUP_STACK) private readonly cleanup: CleanupStack,
    @Inject(PROVIDER_REGISTRATION) private readonly registration: RegisteredProvider,
    @Inject(MODULE_FLAGS) private readonly flags: FlagService,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions,
    private readonly evaluator: FlagEvaluator,
    private readonly propagation: PropagationSetup,
    @Inject(MODULE_ID) private readonly moduleId: ModuleId,
    private readonly moduleRef: ModuleRef,
    private readonly requestFlags: RequestFlags,
  ) {
    super();
  }

  /** Nest calls this hook before it creates the HTTP routes. */
  configure(): void {
    this.propagation.beforeRoutes();
  }

  /** Passes a `FlagService` that a test provides in the place of this module's to guards and parameters. */
  onModuleInit(): void {
    const { domain } = this.moduleId;
    const provided = this.moduleRef.get<FlagService>(getFlagsToken(domain));
    if (provided !== this.flags) this.requestFlags.replace(domain, provided);
  }

  /** Nest calls this hook when the routes are known and the start can no longer fail in this module. */
  onApplicationBootstrap(): void {
    this.ownProvider?.startPolling();
    callSafely(
      () => {
        logUsage(this.flags, this.options, this.evaluator.flagKeys());
      },
      (error) => {
        new FlagshipLogger('FlagshipModule').warn(`The use of flags cannot be logged. ${messageOf(error)}`);
      },
    );
  }

  /**
   * Stops using the shared store, which a cache module closes in the same hook. From Nest 11 on, Nest calls it for
   * global modules last, so the store may have been closed a moment before.
   */
  onModuleDestroy(): void {
    // Nest calls none of the hooks that follow one that throws.
    callSafely(() => {
      this.ownProvider?.detachStore();
    });
  }

  /** Nest calls this hook last, so that requests which end during the shutdown still have their flags. */
  onApplicationShutdown(): Promise<void> {
    return this.cleanup.dispose();
  }

  /** The provider that this module has created; undefined with the option `provider`: others may use that one. */
  private get ownProvider(): FlagshipServerProvider | undefined {
    const { provider } = this.registration;
    const isOwn = this.options.provider === undefined && FlagshipServerProvider.isInstance(provider);
    return isOwn ? provider : undefined;
  }
}
