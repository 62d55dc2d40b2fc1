import {
  type EvaluationContext,
  type EvaluationDetails,
  type FlagValue,
  type Hook,
  type HookContext,
  type HookHints,
} from '@openfeature/server-sdk';

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
 * Calls you after every evaluation, for metrics and traces of your own. What the callback throws is logged by
 * OpenFeature and changes nothing; what it returns is not waited for, and if that is a promise that rejects, nobody is
 * told.
 *
 * @example
 * new TelemetryHook(({ flagKey, duration }) => histogram.observe({ flagKey }, duration));
 */
export class TelemetryHook implements Hook {
  private readonly starts = new WeakMap<object, number>();

  /** @param onEvent Called once an evaluation; nobody waits for what it returns. */
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
    const { value, reason, variant, errorCode, errorMessage } = details;
    const now = performance.now();
    const outcome = this.onEvent({
      type: errorCode === undefined ? 'evaluation' : 'error',
      flagKey: hookContext.flagKey,
      timestamp: Date.now(),
      duration: now - (this.starts.get(hookContext) ?? now),
      value,
      reason,
      variant,
      errorCode,
      errorMessage,
      context: { ...hookContext.context },
      hints,
    });
    // An asynchronous callback fits the type as well; its failure must not end the process.
    if (outcome instanceof Promise) outcome.catch(() => undefined);
  }
}
