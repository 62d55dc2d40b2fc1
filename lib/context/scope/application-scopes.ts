import { type ExecutionContext, Injectable } from '@nestjs/common';
import { type EvaluationScope } from './evaluation-scope';
import { type RequestScope } from './request-scope';
import { type RequestScopes } from './request-scopes';

/** The scopes of a request, one per participating Flagship module; the last one is on top. */
export type Scopes = EvaluationScope | readonly EvaluationScope[];

/** The request scopes of all Flagship modules of an application. Each module has a scope of its own for a request. */
@Injectable()
export class ApplicationScopes {
  private everywhere: readonly RequestScopes[] = [];
  private propagated: readonly RequestScopes[] = [];
  private hasInterceptor = false;

  /**
   * Adds the scopes of a module, which Nest may create before or after the default module.
   *
   * @param isDefault Whether the module's scope is on top, so that plain OpenFeature clients see its context.
   * @param propagates Whether the module's scope is opened for every request.
   */
  add(scopes: RequestScopes, isDefault: boolean, propagates: boolean): void {
    const join = (others: readonly RequestScopes[]) =>
      isDefault ? [...others, scopes] : [scopes, ...others];
    this.everywhere = join(this.everywhere);
    if (propagates) this.propagated = join(this.propagated);
  }

  /** Returns true for the first call only, because one global interceptor opens the scopes of all modules. */
  claimInterceptor(): boolean {
    const isFirst = !this.hasInterceptor;
    this.hasInterceptor = true;
    return isFirst;
  }

  /** Returns the scopes of an HTTP request without an execution context. */
  openFor(request: object): Scopes {
    return this.everywhere.map((module) => module.openFor(request));
  }

  get all(): readonly RequestScopes[] {
    return this.everywhere;
  }

  /** Returns the scopes of all modules for the request of an execution. */
  for(execution: ExecutionContext): Scopes {
    return scopesOf(this.everywhere, execution);
  }

  /** Returns the scopes of the modules that propagate for the request of an execution. */
  propagatedFor(execution: ExecutionContext): Scopes {
    return scopesOf(this.propagated, execution);
  }
}

function scopesOf(
  modules: readonly RequestScopes[],
  execution: ExecutionContext,
): RequestScope | RequestScope[] {
  const [only] = modules;
  if (only !== undefined && modules.length === 1) return only.forExecution(execution);
  return modules.map((module) => module.forExecution(execution));
}
