import { Inject, Injectable, Optional } from '@nestjs/common';
import {
  type Client,
  ErrorCode,
  type EvaluationContext,
  type EvaluationDetails,
  type JsonValue,
} from '@openfeature/server-sdk';
import { currentScope, EvaluationScope, bindToScope, RESOLVED_OPTIONS, runInScope } from '../context';
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
import { failedDetails, isDefaultApplied, detailsValueAsync } from './evaluation-details';
import { FlagEvaluator } from './flag-evaluator';
import { type FlagUsage } from './flag-usage';
import { withStaticContext } from './static-context';

/** The details of a JSON flag: `EvaluationDetails` whose `value` has the type of the default. */
export type ObjectDetails<T> = Omit<EvaluationDetails<JsonValue>, 'value'> & { readonly value: T };

/**
 * Evaluates flags. Within a request, flags are evaluated for the request's user, and each flag is evaluated once: later
 * calls under the same context return the same value until the request ends.
 *
 * No method throws or rejects because of a flag, whatever the arguments: if the evaluation fails, the result is the
 * default, and the `…Details` methods return the error code and message. Returned values, details and contexts are
 * copies that the caller may change.
 *
 * All evaluation methods take the same parameters: `key`, the flag; `defaultValue`, returned if the flag does not exist,
 * is switched off, has another type or cannot be evaluated; `context`, optional attributes of this call, which win over
 * those of the request.
 *
 * @typeParam Domain The domain of the module, for the keys that the application has declared for that domain; none by
 * default.
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
export class FlagService<Domain extends string = string> {
  constructor(
    private readonly evaluator: FlagEvaluator,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedModuleOptions,
    @Optional() private readonly findUsage: () => readonly FlagUsage[] = () => [],
  ) {}

  /**
   * Returns whether a boolean flag is on.
   *
   * @param key The flag.
   * @param defaultValue The value if the evaluation fails or the flag is switched off; false if omitted.
   * @param context Attributes of this call only; they win over those of the request.
   * @returns The flag's value, or the default. Never rejects.
   * @example
   * if (await flags.isEnabled('new-checkout')) return this.newCheckout();
   */
  isEnabled(
    key: BooleanFlagKey<Domain>,
    defaultValue = false,
    context?: EvaluationContext,
  ): Promise<boolean> {
    return this.evaluator.value('boolean', key, defaultValue, context);
  }

  /**
   * Returns the value of a boolean flag, as {@link isEnabled} does, with a required default.
   *
   * @returns The flag's value, or the default. Never rejects.
   * @example
   * const isOn = await flags.getBooleanValue('new-checkout', false);
   */
  getBooleanValue(
    key: BooleanFlagKey<Domain>,
    defaultValue: boolean,
    context?: EvaluationContext,
  ): Promise<boolean> {
    return this.evaluator.value('boolean', key, defaultValue, context);
  }

  /**
   * Returns the details of a boolean flag: value, variant, reason and metadata; if the evaluation failed, also the error
   * code and message.
   *
   * @returns The details, whose value is the default if the evaluation failed. Never rejects.
   * @example
   * const { value, reason } = await flags.getBooleanDetails('new-checkout', false);
   */
  getBooleanDetails(
    key: BooleanFlagKey<Domain>,
    defaultValue: boolean,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<boolean>> {
    return this.evaluator.evaluate('boolean', key, defaultValue, context);
  }

  /**
   * Returns the value of a string flag.
   *
   * @returns The flag's value, or the default. Never rejects.
   * @example
   * const variant = await flags.getStringValue('home-page', 'classic');
   */
  getStringValue(
    key: StringFlagKey<Domain>,
    defaultValue: string,
    context?: EvaluationContext,
  ): Promise<string>;
  getStringValue<T extends string>(
    key: StringFlagKey<Domain>,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T>;
  getStringValue<T extends string>(
    key: StringFlagKey<Domain>,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T> {
    return this.evaluator.value('string', key, defaultValue, context);
  }

  /**
   * Returns the details of a string flag: value, variant, reason and metadata; if the evaluation failed, also the error
   * code and message.
   *
   * @returns The details, whose value is the default if the evaluation failed. Never rejects.
   * @example
   * const { value, variant } = await flags.getStringDetails('home-page', 'classic');
   */
  getStringDetails(
    key: StringFlagKey<Domain>,
    defaultValue: string,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<string>>;
  getStringDetails<T extends string>(
    key: StringFlagKey<Domain>,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<T>>;
  getStringDetails<T extends string>(
    key: StringFlagKey<Domain>,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<T>> {
    return this.evaluator.evaluate('string', key, defaultValue, context);
  }

  /**
   * Returns the value of a number flag.
   *
   * @returns The flag's value, or the default. Never rejects.
   * @example
   * const limit = await flags.getNumberValue('upload-limit', 10);
   */
  getNumberValue(
    key: NumberFlagKey<Domain>,
    defaultValue: number,
    context?: EvaluationContext,
  ): Promise<number>;
  getNumberValue<T extends number>(
    key: NumberFlagKey<Domain>,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T>;
  getNumberValue<T extends number>(
    key: NumberFlagKey<Domain>,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T> {
    return this.evaluator.value('number', key, defaultValue, context);
  }

  /**
   * Returns the details of a number flag: value, variant, reason and metadata; if the evaluation failed, also the error
   * code and message.
   *
   * @returns The details, whose value is the default if the evaluation failed. Never rejects.
   * @example
   * const { value, errorCode } = await flags.getNumberDetails('upload-limit', 10);
   */
  getNumberDetails(
    key: NumberFlagKey<Domain>,
    defaultValue: number,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<number>>;
  getNumberDetails<T extends number>(
    key: NumberFlagKey<Domain>,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<T>>;
  getNumberDetails<T extends number>(
    key: NumberFlagKey<Domain>,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<T>> {
    return this.evaluator.evaluate('number', key, defaultValue, context);
  }

  /**
   * Returns the value of a number flag that must be an integer. For a fraction, the result is the default, and
   * {@link getIntegerDetails} reports `TYPE_MISMATCH`.
   *
   * @returns The flag's value, or the default. Never rejects.
   * @example
   * const seats = await flags.getIntegerValue('seats', 5);
   */
  getIntegerValue(
    key: NumberFlagKey<Domain>,
    defaultValue: number,
    context?: EvaluationContext,
  ): Promise<number> {
    return detailsValueAsync(this.getIntegerDetails(key, defaultValue, context), defaultValue);
  }

  /**
   * Returns the details of a number flag that must be an integer, as {@link getIntegerValue} does.
   *
   * @returns The details, whose value is the default if the evaluation failed. Never rejects.
   * @example
   * const { value, errorCode } = await flags.getIntegerDetails('seats', 5);
   */
  async getIntegerDetails(
    key: NumberFlagKey<Domain>,
    defaultValue: number,
    context?: EvaluationContext,
  ): Promise<EvaluationDetails<number>> {
    const details = await this.getNumberDetails(key, defaultValue, context);
    const { value } = details;
    // A default that is a fraction needs no TYPE_MISMATCH: the mismatch would return the same default.
    if (isDefaultApplied(details) || Number.isInteger(value) || Object.is(value, defaultValue))
      return details;
    // A third-party provider can resolve with a value of any type.
    const actual = typeof value === 'number' ? String(value) : typeof value;
    const message = `Flag "${key}" type mismatch: expected integer, got ${actual}`;
    return failedDetails(key, defaultValue, ErrorCode.TYPE_MISMATCH, message);
  }

  /**
   * Returns the value of a JSON flag: an object, an array or null.
   *
   * @returns A copy of the flag's value, or of the default, that the caller may change. Never rejects.
   * @example
   * const look = await flags.getObjectValue('look', { accent: 'teal' });
   */
  getObjectValue<T extends JsonValue | object = JsonValue>(
    key: ObjectFlagKey<Domain>,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<T> {
    // TypeScript does not accept an interface as JsonValue, even if all its members are JSON.
    return this.evaluator.value('object', key, defaultValue as JsonValue, context) as Promise<T>;
  }

  /**
   * Returns the details of a JSON flag: value, variant, reason and metadata; if the evaluation failed, also the error
   * code and message.
   *
   * @returns The details, whose value is the default if the evaluation failed. Never rejects.
   * @example
   * const { value, variant } = await flags.getObjectDetails('look', { accent: 'teal' });
   */
  getObjectDetails<T extends JsonValue | object = JsonValue>(
    key: ObjectFlagKey<Domain>,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<ObjectDetails<T>> {
    const details = this.evaluator.evaluate('object', key, defaultValue as JsonValue, context);
    return details as Promise<ObjectDetails<T>>;
  }

  /**
   * Runs code outside of a request (a job, a script, a consumer) in a scope of its own, under an evaluation context.
   * Each flag is evaluated once within the scope. The code of a generator, observable or stream that `run` returns runs
   * in the scope too.
   *
   * @param context The evaluation context, copied at the call; it is merged over the module's static context. If it
   * cannot be read or exceeds Flagship's limits, evaluations resolve with the default and `INVALID_CONTEXT`.
   * @param run The code to run.
   * @returns The result of `run`.
   * @throws The error that `run` throws; nothing else.
   * @example
   * await flags.withContext({ targetingKey: user.id }, () => this.sendNewsletter(user));
   */
  withContext<T>(context: EvaluationContext, run: () => T): T {
    const scope = new EvaluationScope(
      withStaticContext(this.options.context, context),
      undefined,
      this.options,
    );
    return bindToScope(runInScope(scope, run), scope);
  }

  /**
   * Loads new definitions now instead of at the next interval, for `localEvaluation` and a `definitions` file.
   *
   * @returns Whether the flags are up to date: false if the request to Flagship failed, or the file could not be read.
   * Never rejects.
   * @example
   * await flags.refresh();
   */
  refresh(): Promise<boolean> {
    return this.evaluator.refresh();
  }

  /**
   * Returns statistics since the start: evaluations, the caches that served them, requests to Flagship and their
   * outcomes, and the state of the circuit breaker.
   *
   * @returns The statistics; undefined if the provider is not Flagship's. Nothing is thrown.
   * @example
   * const { circuit, upstream } = this.flags.stats() ?? {};
   */
  stats(): FlagshipStats | undefined {
    return this.evaluator.stats();
  }

  /**
   * Returns the flags of this module that the code names in `@FeatureFlag`, `@FlagValue` and `@FlagDetails`, with the
   * places. The decorators are read at each call. Flags that code evaluates through this service are not included.
   *
   * @returns The flags in alphabetical order of their keys. Nothing is thrown.
   * @example
   * const unused = keysOfTheDashboard.filter((key) => !flags.usage().some((flag) => flag.key === key));
   */
  usage(): readonly FlagUsage[] {
    return ownCopy(this.findUsage());
  }

  /**
   * The evaluation context in force: that of `withContext` or of the request, or else the static one. It is a copy:
   * changing it does not affect evaluations, unless it is passed to one.
   *
   * @example
   * const { targetingKey } = flags.context;
   */
  get context(): EvaluationContext {
    return ownCopy(currentScope(this.options)?.context ?? this.options.context);
  }

  /**
   * The OpenFeature client that this service evaluates with, for hooks, events and tracking.
   *
   * @example
   * flags.client.track('order-placed', {}, { value: 19.9 });
   */
  get client(): Client {
    return this.evaluator.client;
  }
}

/**
 * Returns the limit for the function of `@WithFlagContext` in milliseconds: the module's option `contextTimeout`, or the
 * default if there is no service or a test replaced it by an object without options.
 */
export function contextTimeoutOf(flags: FlagService | undefined): number {
  const { options } = (flags ?? {}) as { readonly options?: ResolvedModuleOptions };
  const limitMs: unknown = options?.contextTimeout;
  // What a test provides in the place of a service may have any members.
  return typeof limitMs === 'number' ? limitMs : MODULE_DEFAULTS.contextTimeout;
}
