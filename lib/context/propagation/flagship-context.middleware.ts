import { Injectable, type NestMiddleware, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { expectModule } from '../../errors';
import { ApplicationScopes, runInScope } from '../scope';
import { attachFastifyRequest } from './http-propagation';

/**
 * Opens the request's scope around the rest of the request: `FlagService` and any OpenFeature client evaluate flags for
 * the user of the request in later middleware, guards, pipes, handlers and exception filters. The evaluation context is
 * built at the first evaluation, and again when `request.user` has changed.
 *
 * With `propagation: 'middleware'`, the module opens scopes for every HTTP request. Apply this middleware yourself to
 * open them for some routes only.
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
    @Optional() private readonly scopes: ApplicationScopes,
    host: HttpAdapterHost,
  ) {
    expectModule<unknown>(scopes, 'FlagshipContextMiddleware');
    for (const moduleScopes of scopes.all) attachFastifyRequest(host.httpAdapter, moduleScopes);
  }

  use(request: object, _response: unknown, next: () => void): void {
    runInScope(this.scopes.openFor(request), next);
  }
}
