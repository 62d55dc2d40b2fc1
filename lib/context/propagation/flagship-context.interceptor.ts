import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, Observable } from 'rxjs';
import { isSubscription, resolverArguments } from '../request';
import {
  ApplicationScopes,
  type Scopes,
  EvaluationScope,
  isAsyncIterable,
  keepScope,
  scopedIterable,
  isCurrent,
  runInScope,
} from '../scope';

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
    const late = untilReady(scopes);
    if (late !== undefined) return late.then(() => handleIn(scopes, context, next));
    return handleIn(scopes, context, next);
  }

  /** The scopes of all modules: this interceptor has been bound on purpose. */
  protected scopesFor(context: ExecutionContext): Scopes {
    return this.scopes.for(context);
  }
}

/** The global one. */
@Injectable()
export class PropagatingInterceptor extends FlagshipContextInterceptor {
  protected override scopesFor(context: ExecutionContext): Scopes {
    return this.scopes.propagatedFor(context);
  }
}

/** Returns a promise while an asynchronous context factory is at work. */
function untilReady(scopes: Scopes): Promise<unknown> | undefined {
  if (scopes instanceof EvaluationScope) return scopes.untilReady();
  const late = scopes.map((scope) => scope.untilReady()).filter((wait) => wait !== undefined);
  return late.length === 0 ? undefined : Promise.all(late);
}

function handleIn(
  scopes: Scopes,
  context: ExecutionContext,
  next: CallHandler<unknown>,
): Observable<unknown> {
  if (context.getType<string>() === 'graphql' && isSubscription(resolverArguments(context))) {
    const handled = runInScope(scopes, () => next.handle());
    return handled.pipe(map((value) => (isAsyncIterable(value) ? scopedIterable(value, scopes) : value)));
  }
  if (scopes instanceof EvaluationScope && isCurrent(scopes)) return next.handle();
  // Nest subscribes later and outside; a handler's stream of events does its work only from then on.
  return new Observable((subscriber) =>
    runInScope(scopes, () =>
      next.handle().subscribe({
        next: (value) => {
          subscriber.next(keepScope(value, scopes));
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
        complete: () => {
          subscriber.complete();
        },
      }),
    ),
  );
}
