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
   * Sets the module up with the given options.
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
    // A function, because printing the module must not print the token.
    return facade(FlagshipRootModule.forRootAsync({ isGlobal, domain, useFactory: () => settings }));
  }

  /**
   * Sets the module up with options that Nest creates from other providers.
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
  // `overrideModule` replaces this class only where it is imported itself, so the class is imported beside the dynamic
  // module. The root can then inject the exports of its replacement.
  const root: DynamicModule = { ...rest, imports: [...imports, FlagshipModule] };
  return { module: FlagshipModule, global: root.global, imports: [root], exports: [root] };
}
