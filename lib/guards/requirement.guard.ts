import { type CanActivate, type ExecutionContext } from '@nestjs/common';
import { type FlagRequirement } from './flag-requirement';

/**
 * The requirement that the next guard of an execution checks. Nest passes one execution context to all guards of a
 * request and calls them one after the other.
 */
const nextRequirement = new WeakMap<ExecutionContext, readonly FlagRequirement[]>();

/**
 * Passes a decorator's requirement to `FeatureFlagGuard`, which the decorator registers directly after this guard. Two
 * guards are needed: only a class can receive injections (and be replaced by `overrideGuard`), and only an instance can
 * hold a requirement, because Nest creates one instance of a guard class per module.
 */
export class RequirementGuard implements CanActivate {
  private readonly requirements: readonly FlagRequirement[];

  constructor(requirement: FlagRequirement) {
    this.requirements = [requirement];
  }

  /** Stores the requirement and returns true synchronously, which costs the request no promise. */
  canActivate(context: ExecutionContext): boolean {
    nextRequirement.set(context, this.requirements);
    return true;
  }
}

/** Returns the requirement that the preceding guard has passed; undefined if no `RequirementGuard` precedes. */
export function pendingRequirement(context: ExecutionContext): readonly FlagRequirement[] | undefined {
  return nextRequirement.get(context);
}

/** Clears the requirement, so that a later guard without a `RequirementGuard` before it checks all requirements. */
export function clearPendingRequirement(context: ExecutionContext): void {
  nextRequirement.delete(context);
}
