import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { RequestScopes } from './request-scopes';

/**
 * Lets every request pass, and hands Nest's execution context, which middleware does not have, to the scope that
 * middleware has opened: the context factory wants it. Guards cost next to nothing, interceptors a lot.
 */
@Injectable()
export class FlagshipContextGuard implements CanActivate {
  constructor(private readonly scopes: RequestScopes) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const pending = this.scopes.meet(context);
    return pending === undefined ? true : pending.then(() => true);
  }
}
