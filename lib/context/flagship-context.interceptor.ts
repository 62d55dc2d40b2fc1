import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, Observable } from 'rxjs';
import { ApplicationScopes, type Scopes } from './application-scopes';
import { EvaluationScope } from './evaluation-scope';
import { isSubscription } from './graphql-view';
import { isCurrent, runInScope } from './scope-storage';
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
  constructor(protected readonly scopes: ApplicationScopes) {}

  intercept(
    context: ExecutionContext,
    next: CallHandler<unknown>,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const scopes = this.scopesFor(context);
    if (scopes instanceof Promise) return scopes.then((ready) => handleIn(ready, context, next));
    const late = pendingOf(scopes);
    if (late !== undefined) return late.then(() => handleIn(scopes, context, next));
    return handleIn(scopes, context, next);
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

/** While an asynchronous context factory is at work. */
function pendingOf(scopes: Scopes): Promise<unknown> | undefined {
  if (scopes instanceof EvaluationScope) return scopes.pending();
  const late = scopes.map((scope) => scope.pending()).filter((wait) => wait !== undefined);
  return late.length === 0 ? undefined : Promise.all(late);
}

function handleIn(
  scopes: Scopes,
  context: ExecutionContext,
  next: CallHandler<unknown>,
): Observable<unknown> {
  if (isSubscription(context)) {
    const handled = runInScope(scopes, () => next.handle());
    return handled.pipe(map((value) => (isAsyncIterable(value) ? scopedIterable(value, scopes) : value)));
  }
  if (scopes instanceof EvaluationScope && isCurrent(scopes)) return next.handle();
  // Nest subscribes later and outside; a handler's stream of events does its work only from then on.
  return new Observable((subscriber) => runInScope(scopes, () => next.handle().subscribe(subscriber)));
}
