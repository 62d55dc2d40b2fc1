import {
  type CanActivate,
  Inject,
  Injectable,
  type NestInterceptor,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, HttpAdapterHost } from '@nestjs/core';
import { type ResolvedModuleOptions } from '../../options';
import { ApplicationScopes, RequestScopes } from '../scope';
import { RESOLVED_OPTIONS } from '../context.tokens';
import { FlagshipContextGuard } from './flagship-context.guard';
import { PropagatingInterceptor } from './flagship-context.interceptor';
import { openAroundRequests, openBeforeRoutes } from './http-propagation';
import { OtherTransportsInterceptor } from './other-transports.interceptor';
import { HttpRequests, UpgradeRequests } from '../request';

/** Puts into place what the option `propagation` asks for. */
@Injectable()
export class Propagation implements OnModuleInit {
  private readonly others: OtherTransportsInterceptor;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions,
    private readonly scopes: RequestScopes,
    private readonly application: ApplicationScopes,
    private readonly host: HttpAdapterHost,
  ) {
    this.others = new OtherTransportsInterceptor(new PropagatingInterceptor(application), () => {
      application.beforeFirstRoute();
    });
  }

  /** To be called when Nest asks the module for its middleware: HTTP routes come next. */
  beforeRoutes(): void {
    if (this.options.propagation !== 'middleware') return;
    const { httpAdapter } = this.host;
    openAroundRequests(httpAdapter, this.scopes);
    this.application.onceBeforeRoutes(() => {
      openBeforeRoutes(httpAdapter, this.scopes);
    });
    this.others.leaveOutRoutes();
  }

  /** Nest calls this when it has made the HTTP routes. */
  onModuleInit(): void {
    this.others.routesAreMade();
  }

  get interceptor(): Partial<NestInterceptor> | undefined {
    const { propagation } = this.options;
    if (propagation === 'none' || !this.application.claim(propagation)) return undefined;
    return propagation === 'middleware' ? this.others : new PropagatingInterceptor(this.application);
  }

  get guard(): CanActivate | undefined {
    const { propagation, contextFactory } = this.options;
    const isWanted = contextFactory !== undefined && propagation !== 'interceptor';
    return isWanted ? new FlagshipContextGuard(this.scopes) : undefined;
  }
}

// Nest leaves out a global interceptor, or guard, whose factory makes none; even an idle one would cost every request.
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
