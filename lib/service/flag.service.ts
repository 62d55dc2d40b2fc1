import { Inject, Injectable, Optional } from '@nestjs/common';
import {
  type Client,
  ErrorCode,
  type EvaluationContext,
  type EvaluationDetails,
  type JsonValue,
} from '@openfeature/server-sdk';
import { currentScope, EvaluationScope, keepScope, RESOLVED_OPTIONS, runInScope } from '../context';
import {
  type BooleanFlagKey,
  MODULE_DEFAULTS,
  type NumberFlagKey,
  type ObjectFlagKey,
  type ResolvedModuleOptions,
  type StringFlagKey,
} from '../options';
import { type FlagshipStats } from '../provider';
import { ownCopy } from '../types';
import { failedDetails, isDefaultApplied, valueFrom } from './evaluation-details';
import { FlagEvaluator } from './flag-evaluator';
import { type FlagUsage } from './flag-usage';
import { scopeContext } from './scope-context';

/** The details of a JSON flag, typed by the default. */
export type ObjectDetails<T> = Omit<EvaluationDetails<JsonValue>, 'value'> & { readonly value: T };

/**
 * Answers flags wherever code has to choose. Inside a request it answers for that request's user, and a flag that was
 * asked for once keeps its answer until the request ends.
 *
 * No evaluation throws or rejects, whatever it is given: when there is no answer, the default is returned (and the
 * `…Details` methods say why). Values, defaults and contexts that it hands out are the caller's own.
 *
 * @example
 * @Injectable()
 * class UploadService {
 *   constructor(private readonly flags: FlagService) {}
 *
 *   async limit(): Promise<number> {
 *     return this.flags.getNumberValue('upload-limit', 10);
 *   }
 * }
 */
@Injectable()
export class FlagService {
  constructor(
    private readonly evaluator: FlagEvaluator,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions,
    @Optional() private readonly findUsage: () => readonly FlagUsage[] = () => [],
  ) {}

  /**
   * Is a boolean flag on?
   *
   * @param key The flag.
   * @param defaultValue What to answer when there is no answer.
   * @param context Attributes of this call only; they win over the request's.
   * @example
   * if (await flags.isEnabled('new-checkout')) return this.newCheckout();
   */
  isEnabled(key: BooleanFlagKey, defaultValue = false, context?: EvaluationContext): Promise<boolean> {
    return this.evaluator.value('boolean', key, defaultValue, context);
  }

  /** The value of a boolean flag. See {@link isEnabled}. */
  getBooleanValue(key: BooleanFlagKey, defaultValue: boolean, context?: EvaluationContext): Promise<boolean> {
    return this.evaluator.value('boolean', key, defaultValue, context);
  }

  /** The value of a boolean flag with variant, reason and, where there is no answer, the error code. */
  getBooleanDetails(
    key: BooleanFlagKey,
    defaultValue: boolean,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<boolean>> {
    return this.evaluator.evaluate('boolean', key, defaultValue, context);
  }

  /**
   * The value of a string flag.
   *
   * @example
   * const variant = await flags.getStringValue('home-page', 'classic');
   */
  getStringValue(key: StringFlagKey, defaultValue: string, context?: EvaluationContext): Promise<string>;
  getStringValue<T extends string>(
    key: StringFlagKey,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T>;
  getStringValue<T extends string>(
    key: StringFlagKey,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T> {
    return this.evaluator.value('string', key, defaultValue, context);
  }

  /** The value of a string flag with variant, reason and, where there is no answer, the error code. */
  getStringDetails(
    key: StringFlagKey,
    defaultValue: string,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<string>>;
  getStringDetails<T extends string>(
    key: StringFlagKey,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<T>>;
  getStringDetails<T extends string>(
    key: StringFlagKey,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<T>> {
    return this.evaluator.evaluate('string', key, defaultValue, context);
  }

  /**
   * The value of a number flag.
   *
   * @example
   * const limit = await flags.getNumberValue('upload-limit', 10);
   */
  getNumberValue(key: NumberFlagKey, defaultValue: number, context?: EvaluationContext): Promise<number>;
  getNumberValue<T extends number>(
    key: NumberFlagKey,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T>;
  getNumberValue<T extends number>(
    key: NumberFlagKey,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T> {
    return this.evaluator.value('number', key, defaultValue, context);
  }

  /** The value of a number flag with variant, reason and, where there is no answer, the error code. */
  getNumberDetails(
    key: NumberFlagKey,
    defaultValue: number,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<number>>;
  getNumberDetails<T extends number>(
    key: NumberFlagKey,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<T>>;
  getNumberDetails<T extends number>(
    key: NumberFlagKey,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<T>> {
    return this.evaluator.evaluate('number', key, defaultValue, context);
  }

  /** The value of a number flag that must be whole: a fraction is a `TYPE_MISMATCH` and gives the default. */
  getIntegerValue(key: NumberFlagKey, defaultValue: number, context?: EvaluationContext): Promise<number> {
    return valueFrom(this.getIntegerDetails(key, defaultValue, context), defaultValue);
  }

  /** As {@link getIntegerValue}, with variant, reason and, where there is no answer, the error code. */
  async getIntegerDetails(
    key: NumberFlagKey,
    defaultValue: number,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<number>> {
    const details = await this.getNumberDetails(key, defaultValue, context);
    const { value } = details;
    // The caller's own default is what a mismatch would give as well.
    if (isDefaultApplied(details) || Number.isInteger(value) || Object.is(value, defaultValue))
      return details;
    // A provider of the application's can answer anything.
    const actual = typeof value === 'number' ? String(value) : typeof value;
    const message = `Flag "${key}" type mismatch: expected integer, got ${actual}`;
    return failedDetails(key, defaultValue, ErrorCode.TYPE_MISMATCH, message);
  }

  /**
   * The value of a JSON flag: an object, a list or null. Every caller gets a copy of its own.
   *
   * @example
   * const look = await flags.getObjectValue('look', { accent: 'teal' });
   */
  getObjectValue<T extends JsonValue | object = JsonValue>(
    key: ObjectFlagKey,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T> {
    // An interface may hold JSON without TypeScript being able to see it.
    return this.evaluator.value('object', key, defaultValue as JsonValue, context) as Promise<T>;
  }

  /** The value of a JSON flag with variant, reason and, where there is no answer, the error code. */
  getObjectDetails<T extends JsonValue | object = JsonValue>(
    key: ObjectFlagKey,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<ObjectDetails<T>> {
    const details = this.evaluator.evaluate('object', key, defaultValue as JsonValue, context);
    return details as Promise<ObjectDetails<T>>;
  }

  /**
   * Runs code outside a request (a job, a script, a consumer) under an evaluation context, with a scope of its own:
   * a flag answers once within it. The module's static context is merged in. The context is taken as it is now; under
   * one that cannot be used, flags answer the default with `INVALID_CONTEXT`.
   *
   * Work that `run` returns without having done it, a generator's, an observable's or a stream's, is done in the scope too.
   *
   * @returns What `run` returns.
   * @example
   * await flags.withContext({ targetingKey: user.id }, () => this.sendNewsletter(user));
   */
  withContext<T>(context: EvaluationContext, run: () => T): T {
    const scope = new EvaluationScope(scopeContext(this.options.context, context), undefined, this.options);
    return keepScope(runInScope(scope, run), scope);
  }

  /**
   * Looks for new definitions now, instead of at the next interval; for `localEvaluation` and a `definitions` file. Never
   * rejects.
   *
   * @returns True when the flags are up to date, false when Flagship could not be asked, or the file not be read.
   * @example
   * await flags.refresh();
   */
  refresh(): Promise<boolean> {
    return this.evaluator.refresh();
  }

  /**
   * What has happened since the start: evaluations, where their answers came from, requests to Flagship and how they
   * ended, the circuit breaker. Nothing (undefined) when another provider than Flagship's answers.
   *
   * @example
   * const { circuit, upstream } = this.flags.stats() ?? {};
   */
  stats(): FlagshipStats | undefined {
    return this.evaluator.stats();
  }

  /**
   * The flags of this module that the code names in `@FeatureFlag`, `@FlagValue` and `@FlagDetails`, and where. Looked up
   * at each call; flags that code asks this service for are not among them.
   *
   * @returns By key, in alphabetical order.
   * @example
   * const unused = keysOfTheDashboard.filter((key) => !flags.usage().some((flag) => flag.key === key));
   */
  usage(): readonly FlagUsage[] {
    return ownCopy(this.findUsage());
  }

  /**
   * The evaluation context in force: the request's, that of `withContext`, or else the static one. A copy of your own:
   * what is written into it changes no evaluation, unless it is given to one.
   */
  get context(): EvaluationContext {
    return ownCopy(currentScope(this.options)?.context ?? this.options.context);
  }

  /** The OpenFeature client behind this service. */
  get client(): Client {
    return this.evaluator.client;
  }
}

/** The longest wait for the function of `@WithFlagContext`, in milliseconds; a stand-in for the service has no options. */
export function contextTimeoutOf(flags: FlagService | undefined): number {
  const { options } = (flags ?? {}) as { readonly options?: ResolvedModuleOptions };
  return options?.contextTimeout ?? MODULE_DEFAULTS.contextTimeout;
}
