import {
  type EvaluationContext,
  type EvaluationDetails,
  type FlagValue,
  type Hook,
  type HookContext,
  type HookHints,
} from '@openfeature/server-sdk';
import { FlagshipLogger, LogLimit } from '../logging';
import { callSafely, wallClockMs } from '../runtime';
import { type FlagMetadata, ownCopy } from '../types';
import { failureLine } from './failure-line';

/** The event that a {@link TelemetryHook} emits for one evaluation. */
export interface TelemetryEvent {
  /** The outcome: `'error'` if the evaluation failed and the value is the default. */
  readonly type: 'evaluation' | 'error';
  /** The flag's key. */
  readonly flagKey: string;
  /** The time at which the evaluation ended, in milliseconds since 1970. */
  readonly timestamp: number;
  /** The duration of the evaluation in milliseconds, with fractions. */
  readonly duration: number;
  /** A copy of the value that the caller receives. */
  readonly value: FlagValue;
  /** The reason, for example `TARGETING_MATCH`. */
  readonly reason?: string;
  /** The name of the variation. */
  readonly variant?: string;
  /** The error code of a failed evaluation. */
  readonly errorCode?: string;
  /** The error message of a failed evaluation. */
  readonly errorMessage?: string;
  /** The metadata of the flag and its app; undefined if there is none. */
  readonly flagMetadata?: FlagMetadata;
  /** A copy of the evaluation context. It may contain personal data: forward only the attributes that you need. */
  readonly context: EvaluationContext;
  /** The hints of the evaluation call. */
  readonly hints?: HookHints;
}

/**
 * Calls a function after every evaluation, for metrics and traces of your own. The callback does not affect the
 * evaluation: its result is not awaited, equal errors are logged once a minute, and the event is a copy.
 *
 * @example
 * new TelemetryHook(({ flagKey, duration }) => histogram.observe({ flagKey }, duration));
 */
export class TelemetryHook implements Hook {
  private readonly starts = new WeakMap<object, number>();
  private readonly logger = new FlagshipLogger('Flagship');
  private readonly limit = new LogLimit();

  /** @param onEvent Called once per evaluation, when it has ended. */
  constructor(private readonly onEvent: (event: TelemetryEvent) => unknown) {}

  /** Records the start of an evaluation; OpenFeature calls it. */
  before(hookContext: HookContext): void {
    this.starts.set(hookContext, performance.now());
  }

  /** Emits the event of an evaluation that has ended; OpenFeature calls it. */
  finally(
    hookContext: Readonly<HookContext>,
    details: EvaluationDetails<FlagValue>,
    hints?: HookHints,
  ): void {
    callSafely(
      () => this.onEvent(this.eventOf(hookContext, details, hints)),
      (error) => {
        const line = failureLine(this.limit, 'The callback of a TelemetryHook failed.', error, hookContext);
        if (line !== undefined) this.logger.warn(line);
      },
    );
  }

  private eventOf(
    hookContext: Readonly<HookContext>,
    { value, reason, variant, errorCode, errorMessage, flagMetadata }: EvaluationDetails<FlagValue>,
    hints: HookHints | undefined,
  ): TelemetryEvent {
    const now = performance.now();
    return {
      type: errorCode === undefined ? 'evaluation' : 'error',
      flagKey: hookContext.flagKey,
      timestamp: wallClockMs(),
      duration: now - (this.starts.get(hookContext) ?? now),
      value: ownCopy(value),
      reason,
      variant,
      errorCode,
      errorMessage,
      flagMetadata: Object.keys(flagMetadata).length === 0 ? undefined : ownCopy(flagMetadata),
      context: ownCopy({ ...hookContext.context }),
      hints,
    };
  }
}
