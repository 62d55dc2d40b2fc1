import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Observable } from 'rxjs';
import { ApplicationScopes, type Scopes } from './application-scopes';
import { runInScope } from './scope-storage';

/**
 * Opens the request's scope around its handler: `FlagService`, and any OpenFeature client, answer there for the user
 * of the request. Registered globally unless `propagation` says otherwise.
 *
 * @example
 * // With `propagation: 'none'`, for one controller only:
 * @UseInterceptors(FlagshipContextInterceptor)
 * @Controller('reports')
 * class ReportsController {}
 */
@Injectable()
export class FlagshipContextInterceptor implements NestInterceptor {
  constructor(protected readonly scopes: ApplicationScopes) {}

  intercept(
    context: ExecutionContext,
    next: CallHandler<unknown>,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const scope = this.scopesFor(context);
    // `handle` binds the handler to the asynchronous context of this very call.
    if (scope instanceof Promise) return scope.then((ready) => runInScope(ready, () => next.handle()));
    return runInScope(scope, () => next.handle());
  }
  /** Whoever asks for this interceptor wants the scopes of all modules. */
  protected scopesFor(context: ExecutionContext): Scopes | Promise<Scopes> {
    return this.scopes.for(context);
  }
}

/** The global one. */
@Injectable()
export class PropagatingInterceptor extends FlagshipContextInterceptor {
  protected override scopesFor(context: ExecutionContext): Scopes | Promise<Scopes> {
    return this.scopes.propagatedFor(context);
  }
}
