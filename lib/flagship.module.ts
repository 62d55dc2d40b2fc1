import { type DynamicModule, Module } from '@nestjs/common';
import { FlagshipRootModule } from './module';
import {
  type FlagshipModuleAsyncOptions,
  type FlagshipModuleExtras,
  type FlagshipModuleOptions,
} from './options';

/**
 * Flagship flags for a Nest application: registers the provider before the application listens, builds an evaluation
 * context for each request, and offers `FlagService`, `@FeatureFlag`, `@FlagValue` and `@FlagDetails`.
 */
@Module({})
export class FlagshipModule {
  /**
   * Sets the module up with options at hand.
   *
   * @param options The provider's and the module's options; see {@link FlagshipModuleOptions}.
   * @returns The module to import, global unless `isGlobal` is false. Unusable options stop the application at start.
   *
   * @example
   * @Module({ imports: [FlagshipModule.forRoot({ appId: 'shop', accountId: '…', authToken: '…' })] })
   * class AppModule {}
   */
  static forRoot(options: FlagshipModuleOptions & FlagshipModuleExtras): DynamicModule {
    const { isGlobal, domain, ...settings } = (options as typeof options | undefined) ?? {};
    // As a function: printing the module must not print the token.
    return facade(FlagshipRootModule.forRootAsync({ isGlobal, domain, useFactory: () => settings }));
  }

  /**
   * Sets the module up with options that other providers know.
   *
   * @param options `useFactory` with `inject`, or `useClass`, or `useExisting`.
   * @returns The module to import, global unless `isGlobal` is false. Unusable options stop the application at start.
   *
   * @example
   * FlagshipModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({
   *     appId: config.getOrThrow('FLAGSHIP_APP_ID'),
   *     accountId: config.getOrThrow('FLAGSHIP_ACCOUNT_ID'),
   *     authToken: config.getOrThrow('FLAGSHIP_TOKEN'),
   *   }),
   * })
   */
  static forRootAsync(options: FlagshipModuleAsyncOptions): DynamicModule {
    return facade(
      FlagshipRootModule.forRootAsync(options as Parameters<typeof FlagshipRootModule.forRootAsync>[0]),
    );
  }
}

function facade({ imports = [], ...rest }: DynamicModule): DynamicModule {
  // A test that overrides FlagshipModule names this class. Nest looks for it among the imports, and a module made by
  // `forRoot` is not it: so the class is imported as well, and what takes its place there is seen by the root.
  const root: DynamicModule = { ...rest, imports: [...imports, FlagshipModule] };
  return { module: FlagshipModule, global: root.global, imports: [root], exports: [root] };
}
