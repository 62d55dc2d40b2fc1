import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ErrorCode, type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { type RequestScopes } from '../context';
import { FlagshipLogger } from '../logging';
import { type FlagType } from '../options';
import { ownCopy } from '../types';
import { failedDetails, thrownDetails } from './evaluation-details';
import { type FlagEvaluator } from './flag-evaluator';

/** What one Flagship module of an application evaluates flags with. */
export interface RegisteredFlags {
  /** The domain it was imported with. */
  readonly domain: string | undefined;
  readonly scopes: RequestScopes;
  readonly evaluator: FlagEvaluator;
}

/** How a flag of a request is asked. */
export interface RequestEvaluationOptions {
  /** The domain of the module whose flag it is; without one, the module without a domain. */
  readonly domain?: string;
  /** Identifies the handler's parameter that asks, if it is one: it asks once a message. */
  readonly parameter?: object;
  /** Whether `isDefaultApplied` must know of the details; see {@link FlagEvaluator.evaluate}. */
  readonly mustKnowDefault?: boolean;
}

/**
 * Evaluates flags for the request of an execution context, in its scope, whether or not one is open around the caller.
 * Knows all Flagship modules of the application.
 */
@Injectable()
export class RequestFlags {
  private readonly logger = new FlagshipLogger('FlagshipModule');
  private readonly byDomain = new Map<string | undefined, RegisteredFlags>();
  private readonly reported = new Set<string | undefined>();

  /** Adds a module's flags, which answer for its domain alone. */
  add(flags: RegisteredFlags): void {
    this.byDomain.set(flags.domain, flags);
  }

  /**
   * Evaluates a flag; never throws or rejects.
   *
   * @param options Whose flag it is, and for what it is asked.
   */
  evaluate<T extends JsonValue>(
    context: ExecutionContext,
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    { domain, parameter, mustKnowDefault }: RequestEvaluationOptions = {},
  ): Promise<EvaluationDetails<T>> {
    const unit = this.byDomain.get(domain);
    if (unit === undefined) return Promise.resolve(this.moduleMissing(flagKey, defaultValue, domain));
    const { scopes, evaluator } = unit;
    try {
      const scope = scopes.for(context, parameter);
      return evaluator.evaluate(type, flagKey, defaultValue, undefined, scope, mustKnowDefault);
    } catch (error) {
      return Promise.resolve(thrownDetails(flagKey, ownCopy(defaultValue), error));
    }
  }

  private moduleMissing<T extends JsonValue>(
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
      ? 'There is no FlagshipModule.'
      : `There is no FlagshipModule without a domain; name one of ${domains} (option "domain").`;
  }
}
