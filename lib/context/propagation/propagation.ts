import { type CanActivate, Inject, Injectable, type NestInterceptor, type Provider } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, HttpAdapterHost } from '@nestjs/core';
import { type ResolvedModuleOptions } from '../../options';
import { RESOLVED_OPTIONS } from '../context.tokens';
import { HttpRequests, UpgradeRequests } from '../request';
import { ApplicationScopes, RequestScopes } from '../scope';
import { FlagshipContextGuard } from './flagship-context.guard';
import { PropagatingInterceptor } from './flagship-context.interceptor';
import { openAroundRequests } from './http-propagation';

/** Sets up what opens the scope of each request, as the option `propagation` says. */
@Injectable()
export class Propagation {
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

  /** The global guard under `'middleware'`, and under `'none'` for a context factory; undefined where it has no use. */
  get guard(): CanActivate | undefined {
    const { propagation, contextFactory } = this.options;
    const isWanted =
      propagation === 'middleware' || (propagation === 'none' && contextFactory !== undefined);
    return isWanted ? new FlagshipContextGuard(this.scopes) : undefined;
  }
}

// Nest leaves out a global interceptor or guard whose factory returns none; an idle one would cost every request.
export const propagationProviders: Provider[] = [
  Propagation,
  HttpRequests,
  UpgradeRequests,
  {
    provide: APP_INTERCEPTOR,
    inject: [Propagation],
    useFactory: ({ interceptor }: Propagation) => interceptor,
  },
  { provide: APP_GUARD, inject: [Propagation], useFactory: ({ guard }: Propagation) => guard },
];
