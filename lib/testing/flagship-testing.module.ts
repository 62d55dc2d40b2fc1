import { type DynamicModule, Module } from '@nestjs/common';
import { RESOLVED_OPTIONS } from '../context';
import { configurationError } from '../errors';
import {
  FlagshipRootModule,
  MODULE_ID,
  type ModuleId,
  ModuleRegistry,
  nextModuleId,
  OPTIONS_OVERRIDE,
  type OptionsOverride,
} from '../module';
import { type FlagshipModuleExtras, type FlagshipModuleSettings, resolveModuleOptions } from '../options';
import { snapshotFlags } from './compile-test-flag';
import { type TestFlagValues } from './test-flag-values';
import { TestFlags } from './test-flags';

/** The options of `FlagshipTestingModule.forRoot`: those of the module, without those of the provider. */
export type FlagshipTestingOptions = Omit<FlagshipModuleSettings, 'provider'> & FlagshipModuleExtras;

/** Provides a test's flags to the testing module and to the `FlagshipModule` that it overrides. */
@Module({})
class TestFlagsModule {}

/** The injection token of an ID that distinguishes each {@link TestFlagsModule}, because Nest merges equal modules. */
const TEST_FLAGS_ID = Symbol('TEST_FLAGS_ID');

function flagsModule(flags: TestFlagValues, settings: FlagshipModuleSettings): DynamicModule {
  const copyFlags = snapshotFlags(flags);
  return {
    module: TestFlagsModule,
    providers: [
      { provide: TEST_FLAGS_ID, useValue: nextModuleId() },
      // Created per application, so that two applications with the same module share no flags.
      { provide: TestFlags, useFactory: () => new TestFlags(copyFlags()) },
      {
        provide: OPTIONS_OVERRIDE,
        inject: [TestFlags],
        useFactory:
          ({ provider }: TestFlags): OptionsOverride =>
          () => ({ ...settings, provider }),
      },
    ],
    exports: [TestFlags, OPTIONS_OVERRIDE],
  };
}

/** The options of a testing module that is inactive because a `FlagshipModule` handles requests and events. */
const INACTIVE: FlagshipModuleSettings = { propagation: 'none', handlers: [] };

/** Returns a module like `FlagshipModule` that is inactive if there is a `FlagshipModule` with the same domain. */
function rootModule(flags: DynamicModule, { isGlobal, ...settings }: FlagshipTestingOptions): DynamicModule {
  const { domain } = settings;
  const {
    imports = [],
    providers = [],
    ...root
  } = FlagshipRootModule.forRoot({ isGlobal, domain, isReplaceable: true });
  const options = {
    provide: RESOLVED_OPTIONS,
    inject: [TestFlags, MODULE_ID, ModuleRegistry],
    useFactory: ({ provider }: TestFlags, moduleId: ModuleId, registry: ModuleRegistry) => {
      registry.expectUniqueDomain(moduleId);
      return resolveModuleOptions({
        ...settings,
        ...(registry.isActive(moduleId) ? {} : INACTIVE),
        provider,
      });
    },
  };
  return { ...root, imports: [...imports, flags], providers: [...providers, options] };
}

/** The module class that `forRoot` returns. It differs from `FlagshipTestingModule`, which rejects use without flags. */
@Module({})
class FlagshipTestingFacade {}

/** Throws if the class is used without `forRoot`, because `FlagshipModule` would start with its real provider then. */
const WITHOUT_FLAGS = {
  provide: OPTIONS_OVERRIDE,
  useFactory: (): never => {
    throw configurationError('FlagshipTestingModule has no flags; use FlagshipTestingModule.forRoot({ … }).');
  },
};

/**
 * A `FlagshipModule` whose flags a test sets through {@link TestFlags}. Guard, decorators, service, contexts and hooks
 * are the real ones. There are no requests to Flagship and no timers, and each application has flags of its own.
 *
 * @example
 * const testing = await Test.createTestingModule({ imports: [AppModule] })
 *   .overrideModule(FlagshipModule)
 *   .useModule(FlagshipTestingModule.forRoot({ 'new-checkout': true, 'upload-limit': 20 }))
 *   .compile();
 * testing.get(TestFlags).set('new-checkout', false);
 */
@Module({ providers: [WITHOUT_FLAGS], exports: [OPTIONS_OVERRIDE] })
export class FlagshipTestingModule {
  /**
   * Returns a module with these flags. A `FlagshipModule` in the same application uses them too: its own options are not
   * created, and its own provider is not started.
   *
   * @param flags Values or definitions with rules, by key.
   * @param options The module's options: context, requestContext, contextFactory, propagation, hooks and others.
   * @returns The module to import, or to pass to `useModule`. Flags or options that are not accepted stop the start of the
   * application; nothing is thrown here.
   * @example
   * FlagshipTestingModule.forRoot({ 'new-checkout': true }, { requestContext: { userId: 'x-user' } });
   */
  static forRoot(flags: TestFlagValues = {}, options: FlagshipTestingOptions = {}): DynamicModule {
    const { isGlobal = true, ...settings } = options;
    const own = flagsModule(flags, settings);
    const root = rootModule(own, { isGlobal, ...settings });
    return {
      module: FlagshipTestingFacade,
      global: isGlobal,
      imports: [own, root],
      exports: [own, root],
    };
  }
}
