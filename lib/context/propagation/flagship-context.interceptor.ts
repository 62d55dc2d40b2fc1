import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  Optional,
} from '@nestjs/common';
import { map, Observable } from 'rxjs';
import { expectModule } from '../../errors';
import { isSubscription, resolverArguments } from '../request';
import {
  ApplicationScopes,
  type Scopes,
  EvaluationScope,
  isAsyncIterable,
  bindToScope,
  scopedIterable,
  isCurrent,
  runInScope,
} from '../scope';

/**
 * Opens the request's scope around its handler: within it, `FlagService` and any OpenFeature client evaluate flags for
 * the user of the request. The module registers it globally unless the option `propagation` is `'none'`; with
 * `'middleware'`, it is registered for WebSockets, microservices and GraphQL only.
 *
 * Nest applies global interceptors neither to WebSocket gateways nor, without `inheritAppConfig`, to the microservices
 * of a hybrid application. Bind the interceptor there with `@UseInterceptors(FlagshipContextInterceptor)`.
 *
 * @example
 * // With `propagation: 'none'`, for one controller only:
 * @UseInterceptors(FlagshipContextInterceptor)
 * @Controller('reports')
 * class ReportsController {}
 */
@Injectable()
export class FlagshipContextInterceptor implements NestInterceptor {
  /** @throws FlagshipError `CONFIGURATION_ERROR` in an application without `FlagshipModule`. */
  constructor(@Optional() protected readonly scopes: ApplicationScopes) {
    expectModule<unknown>(scopes, 'FlagshipContextInterceptor');
  }

  intercept(
    context: ExecutionContext,
    next: CallHandler<unknown>,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const scopes = this.scopesFor(context);
    const ready = untilReady(scopes);
    if (ready !== undefined) return ready.then(() => handleIn(scopes, context, next));
    return handleIn(scopes, context, next);
  }

  /** Returns the scopes of all modules, also of those without propagation, because the application bound this itself. */
  protected scopesFor(context: ExecutionContext): Scopes {
    return this.scopes.for(context);
  }
}

/** The interceptor that the module registers globally. It opens scopes only for modules that propagate. */
@Injectable()
export class PropagatingInterceptor extends FlagshipContextInterceptor {
  protected override scopesFor(context: ExecutionContext): Scopes {
    return this.scopes.propagatedFor(context);
  }
}

/** Returns a promise while an asynchronous context factory is pending, otherwise undefined. */
function untilReady(scopes: Scopes): Promise<unknown> | undefined {
  if (scopes instanceof EvaluationScope) return scopes.untilReady();
  const pending = scopes.map((scope) => scope.untilReady()).filter((wait) => wait !== undefined);
  return pending.length === 0 ? undefined : Promise.all(pending);
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
  // Nest subscribes to the result later and outside of the scope, and a handler's observable (server-sent events) runs
  // its code only when it is subscribed to.
  return new Observable((subscriber) =>
    runInScope(scopes, () =>
      next.handle().subscribe({
        next: (value) => {
          subscriber.next(bindToScope(value, scopes));
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
