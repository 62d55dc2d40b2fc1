import { type ExecutionContext, Injectable } from '@nestjs/common';
import { type EvaluationScope } from './evaluation-scope';
import { type RequestScopes } from './request-scopes';

/** The scopes of a request, one for each Flagship module that takes part; the last is on top. */
export type Scopes = EvaluationScope | readonly EvaluationScope[];

/** All Flagship modules of an application: each has a scope of its own for the same request. */
@Injectable()
export class ApplicationScopes {
  private everywhere: readonly RequestScopes[] = [];
  private propagated: readonly RequestScopes[] = [];
  private readonly claimed = new Set<string>();

  /**
   * @param isMain Its scope is on top: its context is the one that plain OpenFeature clients see.
   * @param propagates Is its scope opened for every request?
   */
  add(scopes: RequestScopes, isMain: boolean, propagates: boolean): void {
    const join = (others: readonly RequestScopes[]) => (isMain ? [...others, scopes] : [scopes, ...others]);
    this.everywhere = join(this.everywhere);
    if (propagates) this.propagated = join(this.propagated);
  }

  /** True for the first who asks: one global interceptor of a kind opens the scopes of all modules. */
  claim(kind: string): boolean {
    if (this.claimed.has(kind)) return false;
    this.claimed.add(kind);
    return true;
  }

  /** The scopes of an HTTP request of which nothing is known yet but itself. */
  enter(request: object): Scopes {
    return this.everywhere.map((module) => module.enter(request));
  }

  /** Every module's. */
  get all(): readonly RequestScopes[] {
    return this.everywhere;
  }

  /** The scopes of all modules; a promise only while an asynchronous context factory is at work. */
  for(context: ExecutionContext): Scopes | Promise<Scopes> {
    return scopesOf(this.everywhere, context);
  }

  /** As `for`, without the modules that want no scope opened for every request. */
  propagatedFor(context: ExecutionContext): Scopes | Promise<Scopes> {
    return scopesOf(this.propagated, context);
  }
}

function scopesOf(modules: readonly RequestScopes[], context: ExecutionContext): Scopes | Promise<Scopes> {
  const [only] = modules;
  if (only !== undefined && modules.length === 1) return only.for(context);
  const scopes = modules.map((module) => module.for(context));
  if (!scopes.some((scope) => scope instanceof Promise)) return scopes as EvaluationScope[];
  return Promise.all(scopes.map((scope) => Promise.resolve(scope)));
}
