import { Injectable, type NestMiddleware } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApplicationScopes, runInScope } from '../scope';
import { followHandlersRequest } from './http-propagation';

/**
 * Opens the request's scope around everything that follows: `FlagService`, and any OpenFeature client, answer for the
 * user of the request in later middleware, guards, pipes, handlers and exception filters. The evaluation context is
 * built when a flag is first asked for, and again when `request.user` has changed since.
 *
 * `propagation: 'middleware'` brings it to every HTTP request. Apply it yourself to have it for some routes only.
 *
 * @example
 * // With `propagation: 'none'`, for the routes of one controller only:
 * configure(consumer: MiddlewareConsumer) {
 *   consumer.apply(FlagshipContextMiddleware).forRoutes(ReportsController);
 * }
 */
@Injectable()
export class FlagshipContextMiddleware implements NestMiddleware {
  constructor(
    private readonly scopes: ApplicationScopes,
    host: HttpAdapterHost,
  ) {
    for (const ofModule of scopes.all) followHandlersRequest(host.httpAdapter, ofModule);
  }

  use(request: object, _response: unknown, next: () => void): void {
    runInScope(this.scopes.openFor(request), next);
  }
}
