import { type EvaluationScope, type ScopeModule } from './evaluation-scope';

/** The scopes in force at one place in the code, the one opened last on top; at most one per module. */
export class ScopeStack {
  private constructor(
    readonly top: EvaluationScope,
    private readonly below: ScopeStack | undefined,
  ) {}

  /** Returns a stack with the scope on top of another stack. */
  static of(scope: EvaluationScope, below: ScopeStack | undefined): ScopeStack {
    // Scopes hidden by the new one are removed, so that the stack of a job that opens scope within scope stays small.
    return new ScopeStack(scope, scope.module === undefined ? undefined : below?.without(scope.module));
  }

  /** Returns the scope that applies to the flags of a module; without a module, the top one. */
  for(module: ScopeModule | undefined): EvaluationScope | undefined {
    if (this.top.isFor(module)) return this.top;
    return this.below?.for(module);
  }

  private without(module: ScopeModule): ScopeStack | undefined {
    if (this.top.module === module) return this.below;
    const below = this.below?.without(module);
    return below === this.below ? this : new ScopeStack(this.top, below);
  }
}
