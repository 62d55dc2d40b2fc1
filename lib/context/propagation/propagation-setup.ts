import { type CanActivate, Inject, Injectable, type NestInterceptor, type Provider } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, HttpAdapterHost } from '@nestjs/core';
import { type ResolvedModuleOptions } from '../../options';
import { RESOLVED_OPTIONS } from '../context.tokens';
import { HttpRequests, UpgradeRequestRecorder } from '../request';
import { ApplicationScopes, RequestScopes } from '../scope';
import { FlagshipContextGuard } from './flagship-context.guard';
import { PropagatingInterceptor } from './flagship-context.interceptor';
import { openAroundRequests } from './http-propagation';

/**
 * Sets up how the scope of each request is opened, according to the option `propagation`:
 * - `'interceptor'`: a global interceptor opens it around handlers, for all transports;
 * - `'middleware'`: a hook of the HTTP adapter opens it around HTTP requests, and a global guard attaches the execution
 *   context;
 * - `'none'`: nothing opens it; guards and parameters share it, and a global guard serves the context factory.
 */
@Injectable()
export class PropagationSetup {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions,
    private readonly scopes: RequestScopes,
    private readonly application: ApplicationScopes,
    private readonly host: HttpAdapterHost,
  ) {}

  /** Opens the scope of each HTTP request under `'middleware'`. Called before Nest registers its middleware and routes. */
  beforeRoutes(): void {
    if (this.options.propagation === 'middleware') openAroundRequests(this.host.httpAdapter, this.scopes);
  }

  /** The global interceptor of the application; undefined if the module needs none, or another module has it already. */
  get interceptor(): NestInterceptor | undefined {
    const isWanted = this.options.propagation === 'interceptor' && this.application.claimInterceptor();
    return isWanted ? new PropagatingInterceptor(this.application) : undefined;
  }

  /**
   * The global guard for a context factory, and under `'middleware'` to detect lost scopes; undefined where it has no
   * use: a guard costs each request some microseconds. On Fastify a hook restores the scope, so none is lost.
   */
  get guard(): CanActivate | undefined {
    const { propagation, contextFactory } = this.options;
    // Undefined before the application is created, as in Nest's testing module.
    const httpAdapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    const mayLoseScope = propagation === 'middleware' && httpAdapter?.getType() !== 'fastify';
    const isWanted = mayLoseScope || (propagation !== 'interceptor' && contextFactory !== undefined);
    return isWanted ? new FlagshipContextGuard(this.scopes) : undefined;
  }
}

// Nest leaves out a global interceptor or guard whose factory returns none; an idle one would cost every request.
export const propagationProviders: Provider[] = [
  PropagationSetup,
  HttpRequests,
  UpgradeRequestRecorder,
  {
    provide: APP_INTERCEPTOR,
    inject: [PropagationSetup],
    useFactory: ({ interceptor }: PropagationSetup) => interceptor,
  },
  { provide: APP_GUARD, inject: [PropagationSetup], useFactory: ({ guard }: PropagationSetup) => guard },
];
