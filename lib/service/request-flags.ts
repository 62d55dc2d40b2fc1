import { type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import { ErrorCode, type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { type EvaluationScope, type RequestScopes } from '../context';
import { type FlagType } from '../options';
import { ownCopy } from '../types';
import { failedDetails, thrownDetails } from './evaluation-details';
import { type FlagEvaluator } from './flag-evaluator';

/** What one Flagship module of an application evaluates flags with. */
export interface FlagUnit {
  /** The domain it was imported with. */
  readonly domain: string | undefined;
  readonly scopes: RequestScopes;
  readonly evaluator: FlagEvaluator;
}

/**
 * Evaluates flags for the request of an execution context, in its scope, whether or not one is open around the caller.
 * Knows all Flagship modules of the application.
 */
@Injectable()
export class RequestFlags {
  private readonly logger = new Logger('FlagshipModule');
  private readonly units = new Map<string | undefined, FlagUnit>();
  private readonly reported = new Set<string | undefined>();

  /** @param isMain Answers where no domain is named. */
  add(unit: FlagUnit, isMain: boolean): void {
    if (isMain) this.units.set(undefined, unit);
    // Of two with one domain the first counts.
    if (unit.domain !== undefined && !this.units.has(unit.domain)) this.units.set(unit.domain, unit);
  }

  /**
   * Evaluates a flag; never throws or rejects.
   *
   * @param domain Whose flag it is; without one, that of the module without a domain.
   * @param mustTell Whether `isDefaultApplied` must know of the details; see {@link FlagEvaluator.evaluate}.
   */
  evaluate<T extends JsonValue>(
    context: ExecutionContext,
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    domain?: string,
    mustTell = false,
  ): Promise<EvaluationDetails<T>> {
    const unit = this.units.get(domain);
    if (unit === undefined) return Promise.resolve(this.unanswered(flagKey, defaultValue, domain));
    const { scopes, evaluator } = unit;
    const ask = (scope: EvaluationScope) =>
      evaluator.evaluate(type, flagKey, defaultValue, undefined, scope, mustTell);
    const failed = (error: unknown) => thrownDetails(flagKey, ownCopy(defaultValue), error);
    try {
      const scope = scopes.for(context);
      return scope instanceof Promise ? scope.then(ask).catch(failed) : ask(scope);
    } catch (error) {
      return Promise.resolve(failed(error));
    }
  }

  private unanswered<T extends JsonValue>(
    flagKey: string,
    defaultValue: T,
    domain: string | undefined,
  ): EvaluationDetails<T> {
    const problem =
      domain === undefined
        ? 'There is no FlagshipModule.'
        : `There is no FlagshipModule with the domain "${domain}".`;
    if (!this.reported.has(domain)) this.logger.error(`${problem} Flag "${flagKey}" has no answer.`);
    this.reported.add(domain);
    return failedDetails(flagKey, ownCopy(defaultValue), ErrorCode.PROVIDER_NOT_READY, problem);
  }
}
