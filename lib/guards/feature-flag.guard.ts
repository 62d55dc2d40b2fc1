import { type CanActivate, type ExecutionContext, Injectable, Optional } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { expectModule, isErrorOf } from '../errors';
import { flagTypeOf } from '../options';
import { withTimeLimit } from '../runtime';
import { isDefaultApplied, RequestFlags } from '../service';
import { isObject } from '../types';
import { setLocation, FlagRedirectException } from './flag-redirect';
import { clearPendingRequirement, pendingRequirement } from './requirement.guard';
import { accepts, defaultOf, type FlagRequirement, flagRequirementsOf, isMet } from './flag-requirement';
import { notFound } from './not-found';
import { isRefusalError, createRefusal } from './refusal';
import { reportOnce } from './report-once';

/** The limit for `bypass` and `otherwise` in milliseconds, long enough to read a session but not for a slow query. */
const FUNCTION_LIMIT_MS = 2000;

/**
 * Lets a request pass if the flags that `@FeatureFlag` names are on. Each decorator registers this guard, which then
 * checks that decorator's requirement at its position among the other guards. As `APP_GUARD`, or in `@UseGuards`, it
 * checks all requirements of controller and handler at once.
 *
 * To change its behaviour, extend it and override protected methods:
 * - {@link requirementsOf}: the requirements to check;
 * - {@link isBypassed}: whether a request passes without an evaluation;
 * - {@link isMet}: how a requirement is evaluated;
 * - {@link refusal}: the response to a refused request.
 *
 * A subclass may inject more than this guard does: its constructor passes Nest's `Reflector` and the exported
 * `RequestFlags` to `super`. A subclass registered as `APP_GUARD` checks in addition to the decorators;
 * `overrideGuard(FeatureFlagGuard)` replaces the guard of the decorators in tests.
 *
 * @example
 * @Injectable()
 * class AuditedGuard extends FeatureFlagGuard {
 *   constructor(
 *     reflector: Reflector,
 *     flags: RequestFlags,
 *     private readonly audit: AuditService,
 *   ) {
 *     super(reflector, flags);
 *   }
 *
 *   protected override async refusal(requirement: FlagRequirement, context: ExecutionContext): Promise<Error> {
 *     this.audit.refused(requirement.keys);
 *     return super.refusal(requirement, context);
 *   }
 * }
 */
@Injectable()
export class FeatureFlagGuard implements CanActivate {
  /** Whether a subclass overrides `isBypassed`, which is then called for requirements without `bypass` too. */
  private readonly overridesBypass = this.isBypassed !== FeatureFlagGuard.prototype.isBypassed;

  /**
   * @param reflector Reads metadata, for subclasses; the guard itself does not use it.
   * @param flags Evaluates flags for the request of an execution context.
   * @throws FlagshipError `CONFIGURATION_ERROR` in an application without `FlagshipModule`.
   */
  constructor(
    protected readonly reflector: Reflector,
    // Optional, so that the error names the module to import instead of this dependency.
    @Optional() protected readonly flags: RequestFlags,
  ) {
    expectModule<unknown>(flags, '@FeatureFlag');
  }

  /**
   * Checks the requirements of an execution, in this order for each requirement: {@link isBypassed}, {@link isMet},
   * {@link refusal}.
   *
   * @returns True if the request may pass; a promise if there is a requirement to check.
   * @throws The error that {@link refusal} returns for the first requirement that is not met.
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const requirements = this.requirementsOf(context);
    clearPendingRequirement(context);
    return requirements.length === 0 || this.checkRequirements(context, requirements);
  }

  /**
   * Returns the requirements to check: that of the decorator which registered this guard, or else all requirements of
   * controller and handler. Override it to add requirements, or to remove some.
   *
   * @param context The execution context of the request.
   * @returns The requirements; the request passes if the list is empty.
   * @example
   * protected override requirementsOf(context: ExecutionContext): readonly FlagRequirement[] {
   *   return context.getType() === 'rpc' ? [] : super.requirementsOf(context);
   * }
   */
  protected requirementsOf(context: ExecutionContext): readonly FlagRequirement[] {
    return pendingRequirement(context) ?? flagRequirementsOf(context.getClass(), context.getHandler());
  }

  /**
   * Whether a request passes without an evaluation: the result of the option `bypass`. Without an override, it is called
   * only for requirements with that option; an override is called for each requirement.
   *
   * @param requirement The requirement of one `@FeatureFlag`.
   * @param context The execution context of the request.
   * @returns False also if `bypass` throws or takes longer than 2 seconds. Never rejects.
   * @example
   * protected override async isBypassed(requirement: FlagRequirement, context: ExecutionContext): Promise<boolean> {
   *   return isHealthCheck(context) || super.isBypassed(requirement, context);
   * }
   */
  protected async isBypassed(requirement: FlagRequirement, context: ExecutionContext): Promise<boolean> {
    try {
      // Compared with true, because JavaScript code may return any other value.
      const result: unknown = requirement.bypass?.(context);
      if (!isObject(result)) return result === true;
      return (await withTimeLimit<unknown>('bypass', () => result, FUNCTION_LIMIT_MS)) === true;
    } catch (error) {
      reportOnce(this.flags, requirement, 'bypass', 'failed; it lets no request pass.', error);
      return false;
    }
  }

  /**
   * Whether the flags of a requirement let the request pass. Override it to add conditions, or to record the result.
   *
   * @param requirement The requirement of one `@FeatureFlag`.
   * @param context The execution context of the request.
   * @returns False also if an evaluation failed and the requirement has no `defaultValue`. Never rejects.
   * @example
   * protected override async isMet(requirement: FlagRequirement, context: ExecutionContext): Promise<boolean> {
   *   const isMet = await super.isMet(requirement, context);
   *   this.metrics.count(requirement.keys, isMet);
   *   return isMet;
   * }
   */
  protected async isMet(requirement: FlagRequirement, context: ExecutionContext): Promise<boolean> {
    const { keys, defaultValue, type, domain } = requirement;
    const fallback = defaultOf(requirement);
    // A flag that is off and a failed evaluation give the same value; the difference matters if either would let a
    // request pass.
    const mustKnowDefault = defaultValue === undefined && (requirement.not || accepts(requirement, fallback));
    const evaluate = (key: string): Promise<EvaluationDetails<JsonValue>> =>
      this.flags.evaluate(context, type, key, fallback as never, { domain, mustKnowDefault });
    const isAccepted = (details: EvaluationDetails<JsonValue>): boolean | undefined => {
      const { value } = details;
      // A third-party provider may resolve with a value of another type or with undefined, which counts as a failure.
      const hasType = (value as unknown) !== undefined && flagTypeOf(value) === type;
      if (defaultValue === undefined && (!hasType || isDefaultApplied(details))) return undefined;
      return accepts(requirement, hasType ? value : fallback);
    };
    const [only] = keys;
    // Most requirements have one key, which saves each request the promises of the general case.
    if (only !== undefined && keys.length === 1)
      return isMet(requirement, [isAccepted(await evaluate(only))]);
    return isMet(requirement, (await Promise.all(keys.map(evaluate))).map(isAccepted));
  }

  /**
   * Returns the error that a refused request gets: the one of the option `otherwise`, or else the transport's default.
   * The guard throws it. For a `FlagRedirectException` on HTTP, the guard sets the `Location` header first.
   *
   * @param requirement The requirement that is not met.
   * @param context The execution context of the request.
   * @returns The error, or a promise of it. Never rejects.
   * @example
   * protected override refusal({ keys }: FlagRequirement): Error {
   *   return new ForbiddenException(`Not available yet: ${keys.join(', ')}`);
   * }
   */
  protected refusal(requirement: FlagRequirement, context: ExecutionContext): Error | Promise<Error> {
    return requirement.otherwise === undefined
      ? notFound(context)
      : this.refusalFromOption(requirement, context);
  }

  private async checkRequirements(
    context: ExecutionContext,
    requirements: readonly FlagRequirement[],
  ): Promise<boolean> {
    for (const requirement of requirements) {
      const hasBypass = this.overridesBypass || requirement.bypass !== undefined;
      if (hasBypass && (await this.isBypassed(requirement, context))) continue;
      if (!(await this.isMet(requirement, context))) throw await this.refusalFor(requirement, context);
    }
    return true;
  }

  private async refusalFor(requirement: FlagRequirement, context: ExecutionContext): Promise<Error> {
    const error = await this.refusal(requirement, context);
    if (isErrorOf(error, FlagRedirectException) && context.getType() === 'http') setLocation(error, context);
    return error;
  }

  /** Returns the exception of the option `otherwise`; the default if it returns none, so that no refusal is a crash. */
  private async refusalFromOption(requirement: FlagRequirement, context: ExecutionContext): Promise<Error> {
    const { otherwise } = requirement;
    const report = (error: unknown): void => {
      const problem = 'returned no exception; refused requests get the default.';
      reportOnce(this.flags, requirement, 'otherwise', problem, error);
    };
    try {
      const create = () => createRefusal(otherwise as NonNullable<typeof otherwise>, context);
      const refusal = await withTimeLimit('otherwise', create, FUNCTION_LIMIT_MS);
      if (isRefusalError(refusal)) return refusal;
      // A redirect without a target is not reported: its function may return none, and that gives the default.
      if (typeof otherwise === 'function') report(refusal);
    } catch (error) {
      report(error);
    }
    return notFound(context);
  }
}
