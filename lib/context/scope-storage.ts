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

/** Answered while it is being found out whose propagator OpenFeature has. */
const PROBE: EvaluationContext = Object.freeze({ targetingKey: 'probe' });
let probing = false;

/** Shows the scope to OpenFeature as its transaction context, and turns a transaction context into a scope. */
const propagator: TransactionContextPropagator = {
  getTransactionContext: () => (probing ? PROBE : (storage.getStore()?.context ?? NO_CONTEXT)),
  setTransactionContext(context, callback, ...args) {
    storage.run(new EvaluationScope(context), callback, ...args);
  },
};

/** Does OpenFeature find the scope by itself? Asked without looking at a context, which may not have been built yet. */
function isOurs(): boolean {
  probing = true;
  try {
    return OpenFeature.getTransactionContext() === PROBE;
  } finally {
    probing = false;
  }
}

/** The scope that the calling code runs in, if any. */
export function currentScope(): EvaluationScope | undefined {
  return storage.getStore();
}

/** Runs code in a scope; a plain OpenFeature client sees the scope's context there. */
export function runInScope<T>(scope: EvaluationScope, run: () => T): T {
  if (isOurs()) return storage.run(scope, run);
  return storage.run(scope, () => {
    // The application has a propagator of its own: it has to carry the context as well, as it is now.
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
