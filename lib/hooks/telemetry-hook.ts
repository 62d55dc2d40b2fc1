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
import { ownCopy } from '../types';
import { failureLine } from './failure-line';

/** What a {@link TelemetryHook} tells about one evaluation. */
export interface TelemetryEvent {
  /** `error` when the default had to do. */
  readonly type: 'evaluation' | 'error';
  readonly flagKey: string;
  /** When the evaluation ended, in milliseconds since 1970. */
  readonly timestamp: number;
  /** How long it took, in milliseconds with fractions. */
  readonly duration: number;
  readonly value: FlagValue;
  readonly reason?: string;
  readonly variant?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  /** The evaluation context in force. It holds personal data: send on only what you must. */
  readonly context: EvaluationContext;
  /** The hints that came with the call. */
  readonly hints?: HookHints;
}

/**
 * Calls you after every evaluation, for metrics and traces of your own. The callback changes no answer: what it throws
 * or rejects with is logged, the same once a minute, what it returns is not waited for, and what it writes into the
 * event stays there.
 *
 * @example
 * new TelemetryHook(({ flagKey, duration }) => histogram.observe({ flagKey }, duration));
 */
export class TelemetryHook implements Hook {
  private readonly starts = new WeakMap<object, number>();
  private readonly logger = new FlagshipLogger('Flagship');
  private readonly limit = new LogLimit();

  /** @param onEvent Called once an evaluation; what it returns is not waited for. */
  constructor(private readonly onEvent: (event: TelemetryEvent) => unknown) {}

  /** Called by OpenFeature before an evaluation. */
  before(hookContext: HookContext): void {
    this.starts.set(hookContext, performance.now());
  }

  /** Called by OpenFeature at the end of every evaluation. */
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
    { value, reason, variant, errorCode, errorMessage }: EvaluationDetails<FlagValue>,
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
      context: ownCopy({ ...hookContext.context }),
      hints,
    };
  }
}
