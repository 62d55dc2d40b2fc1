import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { type EvaluationScope } from './evaluation-scope';
import { isSubscription } from './graphql-view';
import { RequestScopes } from './request-scopes';
import { currentScope, runInScope } from './scope-storage';
import { isAsyncIterable, scopedIterable } from './scoped-iterable';

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
    if (scope instanceof Promise) return scope.then((ready) => handleIn(ready, context, next));
    const late = scope.pending();
    if (late !== undefined) return late.then(() => handleIn(scope, context, next));
    return handleIn(scope, context, next);
  }
}

function handleIn(
  scope: EvaluationScope,
  context: ExecutionContext,
  next: CallHandler<unknown>,
): Observable<unknown> {
  // `handle` binds the handler to the asynchronous context of this very call.
  const handled = scope === currentScope() ? next.handle() : runInScope(scope, () => next.handle());
  if (!isSubscription(context)) return handled;
  return handled.pipe(map((value) => (isAsyncIterable(value) ? scopedIterable(value, scope) : value)));
}
