import { Global, Injectable, Module } from '@nestjs/common';
import { type ApplicationConfig, HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { ApplicationScopes } from '../context';
import { type ModuleId, MainModule } from './default-module';
import { type FlagUsage, RequestFlags } from '../service';
import { findUsage } from '../usage';

/** What all Flagship modules of one application share. */
@Injectable()
export class ModuleRegistry {
  readonly main: MainModule;
  private readonly initialModules: ReadonlySet<unknown>;

  constructor(
    private readonly modules: ModulesContainer,
    private readonly moduleRef: ModuleRef,
    readonly flags: RequestFlags,
    readonly scopes: ApplicationScopes,
    private readonly http: HttpAdapterHost,
  ) {
    this.main = new MainModule(modules);
    this.initialModules = new Set(modules.values());
  }

  /** The flags of one module that the code names. */
  usage(identity: ModuleId): readonly FlagUsage[] {
    // Prefixes and versions of routes: Nest has no other way to them from within.
    const { container } = this.moduleRef as unknown as {
      readonly container?: { readonly applicationConfig?: ApplicationConfig };
    };
    const httpAdapter: unknown = this.http.httpAdapter;
    const isOurs = (domain: string | undefined) => this.main.means(identity, domain);
    const parts = {
      modules: this.modules,
      initial: this.initialModules,
      config: container?.applicationConfig,
      // A worker or a microservice has none.
      hasHttp: httpAdapter !== undefined && httpAdapter !== null,
    };
    return findUsage(parts, isOurs);
  }
}

/** One for all Flagship modules of an application; guards, parameters and interceptors find them by it. */
@Global()
@Module({
  providers: [RequestFlags, ApplicationScopes, ModuleRegistry],
  exports: [RequestFlags, ApplicationScopes, ModuleRegistry],
})
export class FlagshipCommonModule {}
