import { type CanActivate, type ExecutionContext, Injectable, Logger, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { messageOf } from '../errors';
import { isDefaultApplied, RequestFlags } from '../service';
import { FEATURE_FLAG_METADATA } from './feature-flag.constants';
import { aim, FlagRedirectException, redirectFor } from './flag-redirect';
import { accepts, type FlagRequirement, isSettled, NEUTRAL_DEFAULTS } from './flag-requirement';
import { notFound } from './not-found';

/**
 * Lets a request pass when the flags that `@FeatureFlag` names on its controller and handler are on. The decorator
 * brings this guard along; use it as `APP_GUARD` to run it before or after other global guards.
 *
 * Override the protected methods to change where requirements come from, how they are judged, or how to refuse.
 */
@Injectable()
export class FeatureFlagGuard implements CanActivate {
  private readonly logger = new Logger('FeatureFlagGuard');
  private readonly reported = new WeakSet<FlagRequirement>();

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

  /** May this request pass without the flags being asked? */
  protected async isBypassed(requirement: FlagRequirement, context: ExecutionContext): Promise<boolean> {
    try {
      return (await requirement.bypass?.(context)) === true;
    } catch (error) {
      this.report(requirement, error);
      return false;
    }
  }

  /** Do the flags of one requirement let the request pass? */
  protected async isMet(requirement: FlagRequirement, context: ExecutionContext): Promise<boolean> {
    const { keys, defaultValue, type, domain } = requirement;
    const given = defaultValue ?? NEUTRAL_DEFAULTS[type];
    // A flag that is off and one that has no answer look alike; the difference counts where either lets a request pass.
    const mustTell = defaultValue === undefined && (requirement.not || accepts(requirement, given));
    const ask = (key: string): Promise<EvaluationDetails<JsonValue>> =>
      this.flags.evaluate(context, type, key, given as never, domain, mustTell);
    const verdict = (details: EvaluationDetails<JsonValue>): boolean | undefined =>
      defaultValue === undefined && isDefaultApplied(details)
        ? undefined
        : accepts(requirement, details.value);
    const [only] = keys;
    // Nearly always one, and each promise more is paid by every request.
    if (only !== undefined && keys.length === 1) return isSettled(requirement, [verdict(await ask(only))]);
    return isSettled(requirement, (await Promise.all(keys.map(ask))).map(verdict));
  }

  /** What a refused request gets. */
  protected refusal({ otherwise }: FlagRequirement, context: ExecutionContext): Error {
    if (otherwise instanceof Error) return otherwise;
    if (isErrorClass(otherwise)) return new otherwise();
    const made =
      typeof otherwise === 'function' ? otherwise(context) : otherwise && redirectFor(otherwise, context);
    return made ?? notFound(context);
  }

  private async judge(context: ExecutionContext, requirements: readonly FlagRequirement[]): Promise<boolean> {
    for (const requirement of requirements) {
      if (requirement.bypass !== undefined && (await this.isBypassed(requirement, context))) continue;
      if (!(await this.isMet(requirement, context))) throw this.refused(requirement, context);
    }
    return true;
  }

  private refused(requirement: FlagRequirement, context: ExecutionContext): Error {
    const error = this.refusal(requirement, context);
    if (error instanceof FlagRedirectException && context.getType() === 'http') aim(error, context);
    return error;
  }

  /** Once: a bypass that fails would fail with every request. */
  private report(requirement: FlagRequirement, error: unknown): void {
    if (this.reported.has(requirement)) return;
    this.reported.add(requirement);
    this.logger.warn(
      `The "bypass" of @FeatureFlag('${requirement.keys.join("', '")}') failed; it lets nobody pass. ${messageOf(error)}`,
    );
  }
}

function isErrorClass(otherwise: unknown): otherwise is Type<Error> {
  return typeof otherwise === 'function' && otherwise.prototype instanceof Error;
}
