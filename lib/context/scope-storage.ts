import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type EvaluationContext,
  OpenFeature,
  type TransactionContextPropagator,
} from '@openfeature/server-sdk';
import { EvaluationScope } from './evaluation-scope';

// One for the process: a scope belongs to a chain of asynchronous calls, whichever module opened it.
const storage = new AsyncLocalStorage<EvaluationScope>();

const NO_CONTEXT: EvaluationContext = Object.freeze({});

/** Shows the scope to OpenFeature as its transaction context, and turns a transaction context into a scope. */
const propagator: TransactionContextPropagator = {
  getTransactionContext: () => storage.getStore()?.context ?? NO_CONTEXT,
  setTransactionContext(context, callback, ...args) {
    storage.run(new EvaluationScope(context), callback, ...args);
  },
};

/** The scope that the calling code runs in, if any. */
export function currentScope(): EvaluationScope | undefined {
  return storage.getStore();
}

/** Runs code in a scope; a plain OpenFeature client sees the scope's context there. */
export function runInScope<T>(scope: EvaluationScope, run: () => T): T {
  return storage.run(scope, () => {
    if (OpenFeature.getTransactionContext() === scope.context) return run();
    // The application has a propagator of its own: it has to carry the context as well.
    let result: { readonly value: T } | undefined;
    OpenFeature.setTransactionContext(scope.context, () => {
      result = { value: run() };
    });
    return result === undefined ? run() : result.value;
  });
}

/** Makes OpenFeature carry transaction contexts; a propagator that the application has set is left alone. */
export function ensurePropagation(): void {
  const probe: EvaluationContext = { targetingKey: 'probe' };
  OpenFeature.setTransactionContext(probe, () => {
    const works = OpenFeature.getTransactionContext().targetingKey === probe.targetingKey;
    if (!works) OpenFeature.setTransactionContextPropagator(propagator);
  });
}
