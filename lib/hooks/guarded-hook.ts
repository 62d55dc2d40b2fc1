import {
  type EvaluationContext,
  type EvaluationDetails,
  type FlagValue,
  type Hook,
  type HookContext,
  type HookHints,
} from '@openfeature/server-sdk';
import { FlagshipLogger, LogLimit } from '../logging';
import { isThenable, limited } from '../runtime';
import { copyContext, ownCopy } from '../types';
import { failureLine } from './failure-line';

type BeforeContext = Parameters<NonNullable<Hook['before']>>[0];
type Stage = 'before' | 'after' | 'error' | 'finally';

/**
 * A hook of the application's whose failure changes no answer. OpenFeature itself answers the default when a hook throws
 * before or after an evaluation, and waits without end for one that does not settle. Here the evaluation goes on as if
 * the hook had not been there, and the failure is logged, the same once a minute.
 *
 * What a hook gets of an answer is a copy, so that what it writes into it changes nothing.
 */
export class GuardedHook implements Hook {
  private readonly logger = new FlagshipLogger('FlagshipModule');
  private readonly limit = new LogLimit();
  /** Evaluations in which the hook has used up its time: none of its later stages is waited for again. */
  private readonly late = new WeakSet<object>();

  /** @param timeoutMs How long one stage of the hook may take. */
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
      ? added.then((late) => this.added(late, context))
      : this.added(added, context);
  }

  after(
    context: Readonly<HookContext>,
    details: EvaluationDetails<FlagValue>,
    hints?: HookHints,
  ): void | Promise<void> {
    return this.call('after', context, () => this.hook.after?.(context, copyOf(details), hints));
  }

  error(context: Readonly<HookContext>, error: unknown, hints?: HookHints): void | Promise<void> {
    return this.call('error', context, () => this.hook.error?.(context, error, hints));
  }

  finally(
    context: Readonly<HookContext>,
    details: EvaluationDetails<FlagValue>,
    hints?: HookHints,
  ): void | Promise<void> {
    return this.call('finally', context, () => this.hook.finally?.(context, copyOf(details), hints));
  }

  /** @returns What the hook returns; nothing where it fails. A promise only where the hook makes one. */
  private call<T>(
    stage: Stage,
    context: object,
    run: () => T | Promise<T>,
  ): T | undefined | Promise<T | undefined> {
    if (this.late.has(context)) return undefined;
    try {
      const result = run();
      return isThenable(result) ? this.wait(stage, context, result) : result;
    } catch (error) {
      this.report(stage, error, context);
      return undefined;
    }
  }

  private async wait<T>(stage: Stage, context: object, result: PromiseLike<T>): Promise<T | undefined> {
    const timeoutError = (): Error => {
      this.late.add(context);
      return new Error(`It did not finish within ${this.timeoutMs} ms (option "hookTimeout").`);
    };
    try {
      return await limited('hook', result, this.timeoutMs, { timeoutError });
    } catch (error) {
      this.report(stage, error, context);
      return undefined;
    }
  }

  /** What the hook adds to the context, as it is now. */
  private added(context: unknown, hookContext: object): EvaluationContext | undefined {
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

function copyOf(details: EvaluationDetails<FlagValue>): EvaluationDetails<FlagValue> {
  return { ...details, value: ownCopy(details.value) };
}

/** The hooks of a module, guarded. */
export function guardedHooks(hooks: readonly Hook[], timeoutMs: number): GuardedHook[] {
  return hooks.map((hook) => new GuardedHook(hook, timeoutMs));
}
