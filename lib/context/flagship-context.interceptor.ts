import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, Observable } from 'rxjs';
import { type EvaluationScope } from './evaluation-scope';
import { isSubscription } from './graphql-view';
import { RequestScopes } from './request-scopes';
import { currentScope, runInScope } from './scope-storage';
import { isAsyncIterable, scopedIterable } from './scoped-iterable';

/**
 * Opens the request's scope around its handler: `FlagService`, and any OpenFeature client, answer there for the user
 * of the request. Registered globally unless `propagation` says otherwise.
 *
 * Nest applies global interceptors neither to WebSocket gateways nor, without `inheritAppConfig`, to the microservices
 * of a hybrid application: bind it there.
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
  if (isSubscription(context)) {
    const handled = runInScope(scope, () => next.handle());
    return handled.pipe(map((value) => (isAsyncIterable(value) ? scopedIterable(value, scope) : value)));
  }
  if (scope === currentScope()) return next.handle();
  // Nest subscribes later and outside; a handler's stream of events does its work only from then on.
  return new Observable((subscriber) => runInScope(scope, () => next.handle().subscribe(subscriber)));
}
