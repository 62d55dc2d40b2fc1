import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Observable } from 'rxjs';
import { RequestScopes } from './request-scopes';
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
  constructor(private readonly scopes: RequestScopes) {}

  intercept(
    context: ExecutionContext,
    next: CallHandler<unknown>,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const scope = this.scopes.for(context);
    // `handle` binds the handler to the asynchronous context of this very call.
    if (scope instanceof Promise) return scope.then((ready) => runInScope(ready, () => next.handle()));
    return runInScope(scope, () => next.handle());
  }
}
