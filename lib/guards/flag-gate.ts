import { type CanActivate, type ExecutionContext } from '@nestjs/common';
import { type FlagRequirement } from './flag-requirement';

/**
 * The requirement that the next guard is to judge. Nest hands all guards of one request the same execution context, and
 * calls them one after the other.
 */
const nextRequirement = new WeakMap<ExecutionContext, readonly FlagRequirement[]>();

/**
 * Stands in the list of guards immediately before `FeatureFlagGuard` and tells it which requirement stands at this
 * place. Two guards and not one, because only a class can be injected into (and be replaced with `overrideGuard`), and
 * only an object can know its requirement: Nest has one instance of a guard's class for a whole module.
 */
export class FlagGate implements CanActivate {
  private readonly requirements: readonly FlagRequirement[];

  constructor(requirement: FlagRequirement) {
    this.requirements = [requirement];
  }

  /** Returns true at once, which costs the request no promise. */
  canActivate(context: ExecutionContext): boolean {
    nextRequirement.set(context, this.requirements);
    return true;
  }
}

/** Returns the requirement of the gate immediately before, or nothing for a guard that no gate stands before. */
export function requirementAtGate(context: ExecutionContext): readonly FlagRequirement[] | undefined {
  return nextRequirement.get(context);
}

/** Ends what the gate has said, so that a later guard that no gate stands before judges everything. */
export function leaveGate(context: ExecutionContext): void {
  nextRequirement.delete(context);
}
