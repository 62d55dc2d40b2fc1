import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { isErrorOf } from '../errors';
import { flagTypeOf } from '../options';
import { limited } from '../runtime';
import { isDefaultApplied, RequestFlags } from '../service';
import { setLocation, FlagRedirectException } from './flag-redirect';
import { leaveGate, requirementAtGate } from './flag-gate';
import { accepts, defaultOf, type FlagRequirement, flagRequirementsOf, isMet } from './flag-requirement';
import { notFound } from './not-found';
import { isRefusalError, makeRefusal } from './refusal';
import { reportOnce } from './report-once';

/** How long a request waits for `bypass` and for `otherwise`, in milliseconds: a look at a session, not a slow query. */
const FUNCTION_LIMIT_MS = 2000;

/**
 * Lets a request pass when the flags that `@FeatureFlag` names are on. Each decorator brings this guard along, and it
 * judges the one requirement that stands at its place among the other guards. Used as `APP_GUARD`, or named in
 * `@UseGuards`, it judges all requirements of controller and handler at once.
 *
 * Override the protected methods to change where requirements come from, how they are judged, or how to refuse.
 */
@Injectable()
export class FeatureFlagGuard implements CanActivate {
  /** Whether a subclass lets requests pass for reasons of its own. */
  private readonly hasOwnBypass = this.isBypassed !== FeatureFlagGuard.prototype.isBypassed;

  constructor(
    protected readonly reflector: Reflector,
    protected readonly flags: RequestFlags,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const requirements = this.requirementsOf(context);
    leaveGate(context);
    return requirements.length === 0 || this.judge(context, requirements);
  }

  /** Returns what is to be judged here: a decorator's requirement at its place, else all of controller and handler. */
  protected requirementsOf(context: ExecutionContext): readonly FlagRequirement[] {
    return requirementAtGate(context) ?? flagRequirementsOf(context.getClass(), context.getHandler());
  }

  /** Whether this request may pass without the flags being asked. */
  protected async isBypassed(requirement: FlagRequirement, context: ExecutionContext): Promise<boolean> {
    try {
      // Nothing but true lets a request pass, whatever the types say.
      const answer: unknown = requirement.bypass?.(context);
      if (!isObject(answer)) return answer === true;
      return (await limited<unknown>('bypass', () => answer, FUNCTION_LIMIT_MS)) === true;
    } catch (error) {
      reportOnce(this.flags, requirement, 'bypass', 'failed; it lets nobody pass.', error);
      return false;
    }
  }

  /** Whether the flags of one requirement let the request pass. */
  protected async isMet(requirement: FlagRequirement, context: ExecutionContext): Promise<boolean> {
    const { keys, defaultValue, type, domain } = requirement;
    const given = defaultOf(requirement);
    // A flag that is off and one that has no answer look alike; the difference counts where either lets a request pass.
    const mustKnowDefault = defaultValue === undefined && (requirement.not || accepts(requirement, given));
    const ask = (key: string): Promise<EvaluationDetails<JsonValue>> =>
      this.flags.evaluate(context, type, key, given as never, { domain, mustKnowDefault });
    const verdict = (details: EvaluationDetails<JsonValue>): boolean | undefined => {
      const { value } = details;
      // Another provider may answer with a value of another type, or with none, which is no answer.
      const isAnswer = (value as unknown) !== undefined && flagTypeOf(value) === type;
      if (defaultValue === undefined && (!isAnswer || isDefaultApplied(details))) return undefined;
      return accepts(requirement, isAnswer ? value : given);
    };
    const [only] = keys;
    // Nearly always one, and each promise more is paid by every request.
    if (only !== undefined && keys.length === 1) return isMet(requirement, [verdict(await ask(only))]);
    return isMet(requirement, (await Promise.all(keys.map(ask))).map(verdict));
  }

  /** Returns what a refused request gets. */
  protected refusal(requirement: FlagRequirement, context: ExecutionContext): Error | Promise<Error> {
    return requirement.otherwise === undefined ? notFound(context) : this.chosenRefusal(requirement, context);
  }

  private async judge(context: ExecutionContext, requirements: readonly FlagRequirement[]): Promise<boolean> {
    for (const requirement of requirements) {
      const mayPass = this.hasOwnBypass || requirement.bypass !== undefined;
      if (mayPass && (await this.isBypassed(requirement, context))) continue;
      if (!(await this.isMet(requirement, context))) throw await this.refused(requirement, context);
    }
    return true;
  }

  private async refused(requirement: FlagRequirement, context: ExecutionContext): Promise<Error> {
    const error = await this.refusal(requirement, context);
    if (isErrorOf(error, FlagRedirectException) && context.getType() === 'http') setLocation(error, context);
    return error;
  }

  /** Returns what `otherwise` makes or, where it makes no exception, the default: a refusal is never a crash. */
  private async chosenRefusal(requirement: FlagRequirement, context: ExecutionContext): Promise<Error> {
    const { otherwise } = requirement;
    const report = (error: unknown): void => {
      const problem = 'made no exception; refused requests get the default.';
      reportOnce(this.flags, requirement, 'otherwise', problem, error);
    };
    try {
      const make = () => makeRefusal(otherwise as NonNullable<typeof otherwise>, context);
      const made = await limited('otherwise', make, FUNCTION_LIMIT_MS);
      if (isRefusalError(made)) return made;
      // A redirect that leads nowhere has said so itself.
      if (typeof otherwise === 'function') report(made);
    } catch (error) {
      report(error);
    }
    return notFound(context);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
