import {
  type EvaluationContext,
  type EvaluationDetails,
  type FlagValue,
  type Hook,
  type HookContext,
  type HookHints,
} from '@openfeature/server-sdk';
import { FlagshipLogger, LogLimit } from '../logging';
import { isThenable, withTimeLimit } from '../runtime';
import { copyContext, ownCopy } from '../types';
import { failureLine } from './failure-line';

type BeforeContext = Parameters<NonNullable<Hook['before']>>[0];
type Stage = 'before' | 'after' | 'error' | 'finally';

/**
 * Wraps a hook of the application so that its failure does not change an evaluation. OpenFeature resolves with the
 * default if a hook throws in `before` or `after`, and waits without limit for a hook that does not settle. With the
 * wrapper, the evaluation continues without the hook, and equal failures are logged once a minute.
 *
 * The hook receives copies of the details, so that changes to them do not affect the caller.
 */
export class GuardedHook implements Hook {
  private readonly logger = new FlagshipLogger('FlagshipModule');
  private readonly limit = new LogLimit();
  /** The evaluations in which the hook has exceeded its limit; its later stages are skipped for them. */
  private readonly timedOut = new WeakSet<object>();

  /** @param timeoutMs The limit for each stage of the hook in milliseconds, from the option `hookTimeout`. */
  constructor(
    private readonly hook: Hook,
    private readonly timeoutMs: number,
  ) {}

  before(
    context: BeforeContext,
    hints?: HookHints,
  ): EvaluationContext | undefined | Promise<EvaluationContext | undefined> {
    const added = this.call('before', context, () => this.hook.before?.(context, hints));
    return added instanceof Promise
      ? added.then((resolved) => this.copyAdded(resolved, context))
      : this.copyAdded(added, context);
  }

  after(
    context: Readonly<HookContext>,
    details: EvaluationDetails<FlagValue>,
    hints?: HookHints,
  ): void | Promise<void> {
    return this.call('after', context, () => this.hook.after?.(context, copyDetails(details), hints));
  }

  error(context: Readonly<HookContext>, error: unknown, hints?: HookHints): void | Promise<void> {
    return this.call('error', context, () => this.hook.error?.(context, error, hints));
  }

  finally(
    context: Readonly<HookContext>,
    details: EvaluationDetails<FlagValue>,
    hints?: HookHints,
  ): void | Promise<void> {
    return this.call('finally', context, () => this.hook.finally?.(context, copyDetails(details), hints));
  }

  /** Calls a stage of the hook and returns its result; undefined if it fails. Returns a promise only if the hook does. */
  private call<T>(
    stage: Stage,
    context: object,
    run: () => T | Promise<T>,
  ): T | undefined | Promise<T | undefined> {
    if (this.timedOut.has(context)) return undefined;
    try {
      const result = run();
      return isThenable(result) ? this.awaitResult(stage, context, result) : result;
    } catch (error) {
      this.report(stage, error, context);
      return undefined;
    }
  }

  private async awaitResult<T>(
    stage: Stage,
    context: object,
    result: PromiseLike<T>,
  ): Promise<T | undefined> {
    const timeoutError = (): Error => {
      this.timedOut.add(context);
      return new Error(`It did not finish within ${this.timeoutMs} ms (option "hookTimeout").`);
    };
    try {
      return await withTimeLimit('hook', result, this.timeoutMs, { timeoutError });
    } catch (error) {
      this.report(stage, error, context);
      return undefined;
    }
  }

  /** Returns a copy of the attributes that the hook adds to the context; undefined if they cannot be copied. */
  private copyAdded(context: unknown, hookContext: object): EvaluationContext | undefined {
    if (context === undefined || context === null) return undefined;
    try {
      return copyContext(context) as EvaluationContext;
    } catch (error) {
      this.report('before', error, hookContext);
      return undefined;
    }
  }

  private report(stage: Stage, error: unknown, context: object): void {
    const what = `A hook failed in "${stage}"; the evaluation goes on without it.`;
    const line = failureLine(this.limit, what, error, context);
    if (line !== undefined) this.logger.warn(line);
  }
}

function copyDetails(details: EvaluationDetails<FlagValue>): EvaluationDetails<FlagValue> {
  return { ...details, value: ownCopy(details.value) };
}

/** Returns the hooks of a module, each wrapped in a {@link GuardedHook}. */
export function guardedHooks(hooks: readonly Hook[], timeoutMs: number): GuardedHook[] {
  return hooks.map((hook) => new GuardedHook(hook, timeoutMs));
}
