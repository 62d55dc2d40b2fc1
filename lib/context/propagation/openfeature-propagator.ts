import { AsyncResource } from 'node:async_hooks';
import {
  type EvaluationContext,
  NOOP_TRANSACTION_CONTEXT_PROPAGATOR,
  OpenFeature,
  type TransactionContextPropagator,
} from '@openfeature/server-sdk';
import { transactionContextPropagatorOf } from '../../undocumented';
import { scopePropagator } from '../scope';

/** Makes OpenFeature carry transaction contexts; a propagator that the application has set is left alone. */
export function ensurePropagation(): void {
  const current = transactionContextPropagatorOf(OpenFeature) as TransactionContextPropagator | undefined;
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
