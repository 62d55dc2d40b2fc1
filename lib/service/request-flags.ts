import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ErrorCode, type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { type RequestScopes, runInScope } from '../context';
import { FlagshipLogger } from '../logging';
import { type FlagDomain, type FlagType } from '../options';
import { ownCopy } from '../types';
import { failedDetails, detailsForThrown } from './evaluation-details';
import { type FlagEvaluator } from './flag-evaluator';
import { type FlagService } from './flag.service';
import { evaluateWithReplacement } from './replaced-flags';

/** The parts of one Flagship module that evaluate flags for requests. */
export interface RegisteredFlags {
  /** The domain that the module was imported with. */
  readonly domain: string | undefined;
  readonly scopes: RequestScopes;
  readonly evaluator: FlagEvaluator;
  /** What a test provides in the place of the module's `FlagService`, if it does. */
  readonly replacement?: FlagService;
}

/** The options of {@link RequestFlags.evaluate}. */
export interface RequestEvaluationOptions {
  /** The domain of the module that evaluates the flag; without one, the module without a domain. */
  readonly domain?: FlagDomain | undefined;
  /** Identifies the handler's parameter that is being resolved, if any; a parameter is resolved once per message. */
  readonly parameter?: object | undefined;
  /** Whether `isDefaultApplied` must be exact for the returned details; see {@link FlagEvaluator.evaluate}. */
  readonly mustKnowDefault?: boolean | undefined;
}

/**
 * Evaluates flags for the request of an execution context, in that request's scope, which need not be open around the
 * caller. One per application; it evaluates the flags of all its Flagship modules. `FeatureFlagGuard` receives it, and a
 * guard that extends it passes it to `super`.
 *
 * @example
 * // In a guard that extends FeatureFlagGuard:
 * const { value } = await this.flags.evaluate(context, 'boolean', 'maintenance', false);
 */
@Injectable()
export class RequestFlags {
  private readonly logger = new FlagshipLogger('FlagshipModule');
  private readonly byDomain = new Map<string | undefined, RegisteredFlags>();
  private readonly reported = new Set<string | undefined>();

  /**
   * Adds the flags of a module, for its domain only.
   *
   * @internal
   */
  add(flags: RegisteredFlags): void {
    this.byDomain.set(flags.domain, flags);
  }

  /**
   * Evaluates flags of a domain with what a test provides in the place of the module's `FlagService`.
   *
   * @internal
   */
  replace(domain: string | undefined, replacement: FlagService): void {
    const flags = this.byDomain.get(domain);
    if (flags !== undefined) this.byDomain.set(domain, { ...flags, replacement });
  }

  /**
   * Evaluates a flag for the user of a request.
   *
   * @param context The execution context of the request, message or operation.
   * @param type The flag's type: `boolean`, `string`, `number` or `object`.
   * @param flagKey The flag.
   * @param defaultValue The value if the evaluation fails; of the flag's type.
   * @param options The `domain` of the module, for an application with several.
   * @returns The details, whose value is the default if the evaluation failed. Never throws or rejects.
   */
  evaluate<T extends JsonValue>(
    context: ExecutionContext,
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    { domain, parameter, mustKnowDefault }: RequestEvaluationOptions = {},
  ): Promise<EvaluationDetails<T>> {
    const flags = this.byDomain.get(domain);
    if (flags === undefined) return Promise.resolve(this.missingModuleDetails(flagKey, defaultValue, domain));
    const { scopes, evaluator, replacement } = flags;
    try {
      const scope = scopes.forExecution(context, parameter);
      if (replacement !== undefined) {
        return runInScope(scope, () => evaluateWithReplacement(replacement, type, flagKey, defaultValue));
      }
      return evaluator.evaluate(type, flagKey, defaultValue, undefined, scope, mustKnowDefault);
    } catch (error) {
      return Promise.resolve(detailsForThrown(flagKey, ownCopy(defaultValue), error));
    }
  }

  private missingModuleDetails<T extends JsonValue>(
    flagKey: string,
    defaultValue: T,
    domain: string | undefined,
  ): EvaluationDetails<T> {
    const problem = this.describeMissing(domain);
    if (!this.reported.has(domain)) this.logger.error(`${problem} Flag "${flagKey}" has no answer.`);
    this.reported.add(domain);
    return failedDetails(flagKey, ownCopy(defaultValue), ErrorCode.PROVIDER_NOT_READY, problem);
  }

  private describeMissing(domain: string | undefined): string {
    if (domain !== undefined) return `There is no FlagshipModule with the domain "${domain}".`;
    const domains = [...this.byDomain.keys()].map((name) => `"${name ?? ''}"`).join(', ');
    return domains === ''
      ? 'There is no FlagshipModule: import FlagshipModule.forRoot(…) in your root module.'
      : `There is no FlagshipModule without a domain; name one of ${domains} (option "domain").`;
  }
}
