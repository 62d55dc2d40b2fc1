import { type EvaluationScope, type ScopeModule } from './evaluation-scope';

/** The scopes in force at one place in the code, the last opened on top; one for each module at most. */
export class ScopeStack {
  private constructor(
    readonly top: EvaluationScope,
    private readonly below: ScopeStack | undefined,
  ) {}

  static of(scope: EvaluationScope, on: ScopeStack | undefined): ScopeStack {
    // What can no longer be seen is left out: a job that goes on from scope to scope would pile them up without end.
    return new ScopeStack(scope, scope.owner === undefined ? undefined : on?.without(scope.owner));
  }

  /** The scope that holds for the flags of a module; without a module, the top one. */
  for(owner: ScopeModule | undefined): EvaluationScope | undefined {
    if (this.top.isFor(owner)) return this.top;
    return this.below?.for(owner);
  }

  private without(owner: ScopeModule): ScopeStack | undefined {
    if (this.top.owner === owner) return this.below;
    const below = this.below?.without(owner);
    return below === this.below ? this : new ScopeStack(this.top, below);
  }
}
