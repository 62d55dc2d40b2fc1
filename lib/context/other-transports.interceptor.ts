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

  constructor(private readonly interceptor: FlagshipContextInterceptor) {}

  get intercept(): NestInterceptor['intercept'] | undefined {
    return this.makesRoutes ? undefined : this.open;
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
