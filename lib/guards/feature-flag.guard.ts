import { type CanActivate, type ExecutionContext, Injectable, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { isDefaultApplied, RequestFlags } from '../service';
import { FEATURE_FLAG_METADATA } from './feature-flag.constants';
import { accepts, type FlagRequirement, NEUTRAL_DEFAULTS } from './flag-requirement';
import { notFound } from './not-found';

/**
 * Lets a request pass when the flags that `@FeatureFlag` names on its controller and handler are on. The decorator
 * brings this guard along; use it as `APP_GUARD` to run it before or after other global guards.
 *
 * Override the protected methods to change where requirements come from, how they are judged, or how to refuse.
 */
@Injectable()
export class FeatureFlagGuard implements CanActivate {
  constructor(
    protected readonly reflector: Reflector,
    protected readonly flags: RequestFlags,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const requirements = this.requirementsOf(context);
    return requirements.length === 0 || this.judge(context, requirements);
  }

  /** What the controller and the handler ask for. */
  protected requirementsOf(context: ExecutionContext): readonly FlagRequirement[] {
    const read = (target: Parameters<Reflector['get']>[1]) =>
      this.reflector.get<readonly FlagRequirement[] | undefined>(FEATURE_FLAG_METADATA, target) ?? [];
    const onController = read(context.getClass());
    const onHandler = read(context.getHandler());
    return onController.length === 0 ? onHandler : [...onController, ...onHandler];
  }

  /** Are all flags of one requirement on? */
  protected isMet(requirement: FlagRequirement, context: ExecutionContext): Promise<boolean> {
    const verdicts = requirement.keys.map((key) => this.isOn(key, requirement, context));
    const [only] = verdicts;
    if (only !== undefined && verdicts.length === 1) return only;
    return Promise.all(verdicts).then((all) => all.every(Boolean));
  }

  /** What a refused request gets. */
  protected refusal({ otherwise }: FlagRequirement, context: ExecutionContext): Error {
    if (otherwise instanceof Error) return otherwise;
    if (isErrorClass(otherwise)) return new otherwise();
    return otherwise?.(context) ?? notFound(context);
  }

  private async judge(context: ExecutionContext, requirements: readonly FlagRequirement[]): Promise<boolean> {
    for (const requirement of requirements) {
      if (!(await this.isMet(requirement, context))) throw this.refusal(requirement, context);
    }
    return true;
  }

  private async isOn(key: string, requirement: FlagRequirement, context: ExecutionContext): Promise<boolean> {
    const { type, defaultValue } = requirement;
    const given = defaultValue ?? NEUTRAL_DEFAULTS[type];
    const details = await this.flags.evaluate(context, type, key, given as never);
    if (defaultValue === undefined && isDefaultApplied(details, given as never)) return false;
    return accepts(requirement, details.value);
  }
}

function isErrorClass(otherwise: unknown): otherwise is Type<Error> {
  return typeof otherwise === 'function' && otherwise.prototype instanceof Error;
}
