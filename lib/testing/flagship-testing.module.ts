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
import { takeFlags } from './read-flag';
import { type TestFlagValues } from './test-flag-values';
import { TestFlags } from './test-flags';

/** What `FlagshipTestingModule.forRoot` takes beside the flags: the module's options, without the provider's. */
export type FlagshipTestingOptions = Omit<FlagshipModuleSettings, 'provider'> & FlagshipModuleExtras;

/** Holds a test's flags where both the testing module and what it replaces can see them. */
@Module({})
class TestFlagsModule {}

/** Injection token of what distinguishes one {@link TestFlagsModule} from all others. */
const TEST_FLAGS_ID = Symbol('TEST_FLAGS_ID');

function flagsModule(flags: TestFlagValues, settings: FlagshipModuleSettings): DynamicModule {
  const taken = takeFlags(flags);
  return {
    module: TestFlagsModule,
    providers: [
      { provide: TEST_FLAGS_ID, useValue: nextModuleId() },
      // Made anew for each application, so that two made from one module share nothing.
      { provide: TestFlags, useFactory: () => new TestFlags(taken()) },
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

/** The options of a module that yields: requests and events are the other module's. */
const INACTIVE: FlagshipModuleSettings = { propagation: 'none', handlers: [] };

/** Returns a module like `FlagshipModule`, which yields to a `FlagshipModule` of the same domain where there is one. */
function rootModule(flags: DynamicModule, { isGlobal, ...settings }: FlagshipTestingOptions): DynamicModule {
  const { domain } = settings;
  const {
    imports = [],
    providers = [],
    ...root
  } = FlagshipRootModule.forRoot({ isGlobal, domain, yields: true });
  const options = {
    provide: RESOLVED_OPTIONS,
    inject: [TestFlags, MODULE_ID, ModuleRegistry],
    useFactory: ({ provider }: TestFlags, moduleId: ModuleId, registry: ModuleRegistry) => {
      registry.expectOnlyOne(moduleId);
      return resolveModuleOptions({
        ...settings,
        ...(registry.isActive(moduleId) ? {} : INACTIVE),
        provider,
      });
    },
  };
  return { ...root, imports: [...imports, flags], providers: [...providers, options] };
}

/** What `forRoot` fills. */
@Module({})
class FlagshipTestingFacade {}

/** The bare class in place of `FlagshipModule` would let the real one start. */
const WITHOUT_FLAGS = {
  provide: OPTIONS_OVERRIDE,
  useFactory: (): never => {
    throw configurationError('FlagshipTestingModule has no flags; use FlagshipTestingModule.forRoot({ … }).');
  },
};

/**
 * `FlagshipModule` with flags that a test decides: guard, decorators, service, contexts and hooks are the real ones,
 * only the answers come from {@link TestFlags}. No network, no timers; each application has flags of its own.
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
   * Sets the flags up. Wherever the module is seen, `FlagshipModule` goes by them as well: its own options are not made
   * and its own provider is not started.
   *
   * @param flags Values by key, or definitions with rules.
   * @param options The module's options: context, requestContext, contextFactory, propagation, hooks and the like.
   * @returns The module to import, or to put in place of `FlagshipModule`. Unusable flags or options stop the
   * application at start.
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
