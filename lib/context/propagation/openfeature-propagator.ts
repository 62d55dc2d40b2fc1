import { AsyncResource } from 'node:async_hooks';
import {
  type EvaluationContext,
  NOOP_TRANSACTION_CONTEXT_PROPAGATOR,
  OpenFeature,
  type TransactionContextPropagator,
} from '@openfeature/server-sdk';
import { transactionContextPropagatorOf } from '../../undocumented';
import { scopePropagator } from '../scope';

/** Sets the propagator of this package in OpenFeature, unless the application has set one of its own. */
export function ensurePropagation(): void {
  const current = transactionContextPropagatorOf(OpenFeature) as TransactionContextPropagator | undefined;
  if (current === scopePropagator) return;
  const isIdle = current === undefined ? !propagates() : isNoop(current);
  if (isIdle) OpenFeature.setTransactionContextPropagator(scopePropagator);
}

/**
 * Whether a propagator is the SDK's default one, which does nothing, or that of another copy of the SDK. In a minified
 * bundle classes of different modules may have one short name, so a class of that name counts only if it propagates
 * nothing.
 */
function isNoop(propagator: TransactionContextPropagator): boolean {
  const noop = NOOP_TRANSACTION_CONTEXT_PROPAGATOR;
  if (propagator === noop) return true;
  const prototype = Object.getPrototypeOf(propagator) as {
    readonly constructor?: { readonly name?: unknown };
  } | null;
  return prototype?.constructor?.name === noop.constructor.name && !propagates();
}

/**
 * Whether OpenFeature propagates transaction contexts. Sets a context to find out, in an asynchronous context of its own,
 * so that a propagator which enters contexts leaves none behind; for a propagator that stores the context elsewhere, the
 * previous one is restored.
 */
export function propagates(): boolean {
  return new AsyncResource('nestjs-flagship.probe').runInAsyncScope(() => {
    const before = OpenFeature.getTransactionContext();
    const probe: EvaluationContext = { ...before, targetingKey: 'probe' };
    let isPropagated = true;
    OpenFeature.setTransactionContext(probe, () => {
      isPropagated = OpenFeature.getTransactionContext().targetingKey === probe.targetingKey;
    });
    OpenFeature.setTransactionContext(before, () => undefined);
    return isPropagated;
  });
}
