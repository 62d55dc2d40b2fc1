import { AsyncResource } from 'node:async_hooks';
import {
  type EvaluationContext,
  NOOP_TRANSACTION_CONTEXT_PROPAGATOR,
  OpenFeature,
  type TransactionContextPropagator,
} from '@openfeature/server-sdk';
import { scopePropagator } from '../scope';

/**
 * The propagator that OpenFeature has. It has no public way to ask for it, and a propagator that is asked to carry a
 * context, to see whether it does, may keep that context. Checked with `@openfeature/server-sdk` 1.20 to 1.23; where the
 * property is gone, {@link propagates} finds out instead.
 */
function currentPropagator(): TransactionContextPropagator | undefined {
  const { _transactionContextPropagator: propagator } = OpenFeature as unknown as {
    readonly _transactionContextPropagator?: TransactionContextPropagator;
  };
  return propagator;
}

/** Makes OpenFeature carry transaction contexts; a propagator that the application has set is left alone. */
export function ensurePropagation(): void {
  const current = currentPropagator();
  if (current === scopePropagator) return;
  const isIdle = current === undefined ? !propagates() : isNoop(current);
  if (isIdle) OpenFeature.setTransactionContextPropagator(scopePropagator);
}

/** Whether it is the SDK's own that does nothing; also that of another copy of the SDK in the process. */
function isNoop(propagator: TransactionContextPropagator): boolean {
  const noop = NOOP_TRANSACTION_CONTEXT_PROPAGATOR;
  if (propagator === noop) return true;
  const prototype = Object.getPrototypeOf(propagator) as {
    readonly constructor?: { readonly name?: unknown };
  } | null;
  return prototype?.constructor?.name === noop.constructor.name;
}

/**
 * Whether transaction contexts are carried: tried in an asynchronous context of its own, which goes with what a propagator
 * enters there, and what was carried before is put back for one that keeps it elsewhere.
 */
export function propagates(): boolean {
  return new AsyncResource('nestjs-flagship.probe').runInAsyncScope(() => {
    const before = OpenFeature.getTransactionContext();
    const probe: EvaluationContext = { ...before, targetingKey: 'probe' };
    let isCarried = true;
    OpenFeature.setTransactionContext(probe, () => {
      isCarried = OpenFeature.getTransactionContext().targetingKey === probe.targetingKey;
    });
    OpenFeature.setTransactionContext(before, () => undefined);
    return isCarried;
  });
}
