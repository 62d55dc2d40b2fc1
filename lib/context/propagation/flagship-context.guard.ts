import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { RequestScopes } from '../scope';

/**
 * Lets every request pass, and hands Nest's execution context, which middleware does not have, to the scope that
 * middleware has opened: the context factory wants it. Guards cost next to nothing, interceptors a lot.
 */
@Injectable()
export class FlagshipContextGuard implements CanActivate {
  constructor(private readonly scopes: RequestScopes) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const late = this.scopes.attachExecution(context);
    return late === undefined ? true : late.then(() => true);
  }
}
