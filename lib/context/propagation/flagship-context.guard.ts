import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { RequestScopes } from '../scope';

/**
 * Attaches Nest's execution context to the scope that middleware has opened, because the context factory receives it
 * and middleware has none, and detects a request that no longer runs in its scope. Lets every request pass. It is a
 * guard because guards cost far less than interceptors.
 */
@Injectable()
export class FlagshipContextGuard implements CanActivate {
  constructor(private readonly scopes: RequestScopes) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const ready = this.scopes.attachExecution(context);
    return ready === undefined ? true : ready.then(() => true);
  }
}
