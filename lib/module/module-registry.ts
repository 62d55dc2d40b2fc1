import { type DynamicModule, Injectable } from '@nestjs/common';
import { type ApplicationConfig, HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { ApplicationScopes } from '../context';
import { configurationError } from '../errors';
import { type FlagService, type FlagUsage, type RegisteredFlags, RequestFlags } from '../service';
import { applicationConfigOf, nestMetadata } from '../undocumented';
import { findUsage } from '../usage';
import { MODULE_ID } from './module.tokens';
import { type ModuleId } from './module-id';

/** The parts of a module that the registry publishes, once Nest has created them. */
interface ModuleParts extends RegisteredFlags {
  readonly flags: FlagService;
  /** Whether the module opens its scope for every request. */
  readonly propagates: boolean;
}

/** A promise of flags that other modules request before Nest has created them. */
class DeferredFlags {
  resolve!: (flags: FlagService) => void;
  readonly promise = new Promise<FlagService>((resolve) => (this.resolve = resolve));
}

/** All Flagship modules of one application. A domain has one module at most. */
@Injectable()
export class ModuleRegistry {
  /** The modules that the application began with. */
  private readonly initialModules: ReadonlySet<unknown>;
  private readonly byDomain = new Map<string | undefined, DeferredFlags>();

  constructor(
    private readonly modules: ModulesContainer,
    private readonly moduleRef: ModuleRef,
    private readonly requestFlags: RequestFlags,
    private readonly scopes: ApplicationScopes,
    private readonly http: HttpAdapterHost,
  ) {
    this.initialModules = new Set(modules.values());
  }

  /**
   * Checks, before anything of a module has started, that no other module has its domain.
   *
   * @throws FlagshipError `CONFIGURATION_ERROR` when another module has it.
   */
  expectUniqueDomain(moduleId: ModuleId): void {
    const others = this.modulesOf(moduleId.domain).filter(
      ({ id, isReplaceable }) => id !== moduleId.id && isReplaceable === moduleId.isReplaceable,
    );
    const [other] = others;
    if (other === undefined) return;
    const { domain } = moduleId;
    const shared = domain === undefined ? 'have no domain' : `have the domain "${domain}"`;
    const importers = [moduleId, other].map((each) => this.importerOf(each)).sort();
    throw configurationError(
      `two Flagship modules ${shared}, one imported by ${importers.join(', one by ')}; import one module in both places, or give each a domain of its own (option "domain").`,
    );
  }

  /** Whether the flags of a module are those of its domain; false if another module replaces it. */
  isActive({ domain, isReplaceable }: ModuleId): boolean {
    return !isReplaceable || this.modulesOf(domain).every((each) => each.isReplaceable);
  }

  /** Publishes a module's flags to guards, parameters, interceptors and middleware of the application. */
  register({ domain, flags, scopes, evaluator, propagates }: ModuleParts): void {
    this.requestFlags.add({ domain, scopes, evaluator });
    this.scopes.add(scopes, domain === undefined, propagates);
    this.deferred(domain).resolve(flags);
  }

  /** Resolves with the flags of the domain's active module, as soon as Nest has created them. */
  flagsOf(domain: string | undefined): Promise<FlagService> {
    return this.deferred(domain).promise;
  }

  /** Returns the flags of a domain that the application's decorators name, and where. */
  usage(domain: string | undefined): readonly FlagUsage[] {
    const httpAdapter: unknown = this.http.httpAdapter;
    const application = {
      modules: this.modules,
      initial: this.initialModules,
      config: applicationConfigOf(this.moduleRef) as ApplicationConfig | undefined,
      // A worker or a microservice has none.
      hasHttp: httpAdapter !== undefined && httpAdapter !== null,
    };
    return findUsage(application, domain);
  }

  private deferred(domain: string | undefined): DeferredFlags {
    let deferred = this.byDomain.get(domain);
    if (deferred === undefined) this.byDomain.set(domain, (deferred = new DeferredFlags()));
    return deferred;
  }

  private modulesOf(domain: string | undefined): ModuleId[] {
    return [...this.modules.values()]
      .map(({ providers }) => providers.get(MODULE_ID)?.instance as ModuleId | undefined)
      .filter((moduleId) => moduleId !== undefined)
      .filter((moduleId) => moduleId.domain === domain);
  }

  /** Returns the name of the class whose `@Module` imports the module; Nest itself keeps no importers of global modules. */
  private importerOf(moduleId: ModuleId): string {
    for (const { metatype } of this.modules.values()) {
      const imports = nestMetadata('imports', metatype) as readonly unknown[] | undefined;
      if (imports?.some((imported) => contains(imported, moduleId)) === true) return metatype.name;
    }
    return 'a dynamic module';
  }
}

/** Whether an entry of a module's `imports` is the Flagship module with this id, or a dynamic module that imports it. */
function contains(imported: unknown, moduleId: ModuleId): boolean {
  if (typeof imported !== 'object' || imported === null) return false;
  const { providers = [], imports = [] } = imported as Partial<DynamicModule>;
  return (
    providers.some((provider) => 'useValue' in provider && provider.useValue === moduleId) ||
    imports.some((each) => contains(each, moduleId))
  );
}
