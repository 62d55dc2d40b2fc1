import { type NestInterceptor } from '@nestjs/common';
import { type FlagshipContextInterceptor } from './flagship-context.interceptor';

/**
 * The global interceptor of an application whose HTTP requests get their scopes from middleware: for handlers of
 * WebSockets, microservices and GraphQL only. Any interceptor makes an HTTP route several times slower, an idle one
 * too, and Nest has none for some transports only. But it makes all HTTP routes in one go, and leaves out what has
 * nothing to intercept with at that time.
 */
export class OtherTransportsInterceptor implements Partial<NestInterceptor> {
  private makesRoutes = false;

  /**
   * @param interceptor The interceptor to leave out.
   * @param beforeRoutes Called before a route is made, when the middleware of all modules is in place.
   */
  constructor(
    private readonly interceptor: FlagshipContextInterceptor,
    private readonly beforeRoutes: () => void,
  ) {}

  /** Nest looks at it for each route, before it makes the route. */
  get intercept(): NestInterceptor['intercept'] | undefined {
    if (!this.makesRoutes) return this.open;
    this.beforeRoutes();
    return undefined;
  }

  /** To be told before Nest makes the HTTP routes, when those of WebSockets have been made. */
  leaveOutRoutes(): void {
    this.makesRoutes = true;
  }

  /** To be told when they are made, before those of GraphQL and microservices. */
  routesAreMade(): void {
    this.makesRoutes = false;
  }

  private readonly open: NestInterceptor['intercept'] = (context, next) =>
    this.interceptor.intercept(context, next);
}
