import { type ExecutionContext, Injectable } from '@nestjs/common';
import { type EvaluationScope } from './evaluation-scope';
import { type RequestScope } from './request-scope';
import { type RequestScopes } from './request-scopes';

/** The scopes of a request, one for each Flagship module that takes part; the last is on top. */
export type Scopes = EvaluationScope | readonly EvaluationScope[];

/** All Flagship modules of an application: each has a scope of its own for the same request. */
@Injectable()
export class ApplicationScopes {
  private everywhere: readonly RequestScopes[] = [];
  private propagated: readonly RequestScopes[] = [];
  private hasInterceptor = false;

  /**
   * @param isDefault Whether its scope is on top: its context is the one that plain OpenFeature clients see.
   * @param propagates Whether its scope is opened for every request.
   */
  add(scopes: RequestScopes, isDefault: boolean, propagates: boolean): void {
    const join = (others: readonly RequestScopes[]) =>
      isDefault ? [...others, scopes] : [scopes, ...others];
    this.everywhere = join(this.everywhere);
    if (propagates) this.propagated = join(this.propagated);
  }

  /** Whether the calling module is the first to ask: one global interceptor opens the scopes of all modules. */
  claimInterceptor(): boolean {
    const isFirst = !this.hasInterceptor;
    this.hasInterceptor = true;
    return isFirst;
  }

  /** The scopes of an HTTP request of which nothing is known yet but itself. */
  openFor(request: object): Scopes {
    return this.everywhere.map((module) => module.openFor(request));
  }

  /** Every module's. */
  get all(): readonly RequestScopes[] {
    return this.everywhere;
  }

  /** The scopes of all modules. */
  for(execution: ExecutionContext): Scopes {
    return scopesOf(this.everywhere, execution);
  }

  /** As `for`, without the modules that want no scope opened for every request. */
  propagatedFor(execution: ExecutionContext): Scopes {
    return scopesOf(this.propagated, execution);
  }
}

function scopesOf(
  modules: readonly RequestScopes[],
  execution: ExecutionContext,
): RequestScope | RequestScope[] {
  const [only] = modules;
  if (only !== undefined && modules.length === 1) return only.for(execution);
  return modules.map((module) => module.for(execution));
}
