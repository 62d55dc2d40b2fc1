import {
  type EvaluationContext,
  type JsonValue,
  type OpenFeatureEventEmitter,
  type Provider,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { type FlagType } from '../options';
import {
  toResolutionDetails,
  markReportsDefaults,
  DomainEventEmitter,
  type EvaluationInput,
  errorDetails,
} from '../provider';
import { type EvaluationRecorder } from './evaluation-recorder';
import { type FlagTable } from './flag-table';

/** The OpenFeature provider of a test's flags. It records each evaluation and has nothing to close. */
export class TestFlagsProvider implements Provider {
  readonly metadata = { name: 'Flagship Test Provider' } as const;
  readonly runsOn = 'server';
  readonly events: OpenFeatureEventEmitter = new DomainEventEmitter();

  constructor(
    private readonly table: FlagTable,
    private readonly log: EvaluationRecorder,
  ) {
    markReportsDefaults(this);
  }

  resolveBooleanEvaluation(
    flagKey: string,
    defaultValue: boolean,
    context?: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    return this.resolve('boolean', flagKey, defaultValue, context);
  }

  resolveStringEvaluation(
    flagKey: string,
    defaultValue: string,
    context?: EvaluationContext,
  ): Promise<ResolutionDetails<string>> {
    return this.resolve('string', flagKey, defaultValue, context);
  }

  resolveNumberEvaluation(
    flagKey: string,
    defaultValue: number,
    context?: EvaluationContext,
  ): Promise<ResolutionDetails<number>> {
    return this.resolve('number', flagKey, defaultValue, context);
  }

  resolveObjectEvaluation<T extends JsonValue>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
  ): Promise<ResolutionDetails<T>> {
    return this.resolve('object', flagKey, defaultValue, context);
  }

  private resolve<T extends JsonValue>(
    type: FlagType,
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext = {},
  ): Promise<ResolutionDetails<T>> {
    const details = this.evaluate<T>({ type, flagKey, defaultValue, log: undefined }, context);
    const { value, variant, reason, errorCode, errorMessage } = details;
    this.log.add({
      flagKey,
      type,
      defaultValue,
      context,
      value,
      variant,
      reason,
      errorCode,
      errorMessage,
    });
    return Promise.resolve(details);
  }

  private evaluate<T>(input: EvaluationInput<T>, context: EvaluationContext): ResolutionDetails<T> {
    const { flagKey, defaultValue } = input;
    const errorCode = this.table.failureOf(flagKey, context);
    const flagMetadata = this.table.metadataOf(flagKey, context);
    if (errorCode !== undefined) {
      const errorMessage = `The test has flag "${flagKey}" fail.`;
      return { value: defaultValue, reason: 'ERROR', errorCode, errorMessage, flagMetadata };
    }
    try {
      return toResolutionDetails(input, this.table.evaluate(flagKey, context));
    } catch (error) {
      return errorDetails(input, error, flagMetadata);
    }
  }
}
