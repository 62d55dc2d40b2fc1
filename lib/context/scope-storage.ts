import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type EvaluationContext,
  OpenFeature,
  type TransactionContextPropagator,
} from '@openfeature/server-sdk';
import { EvaluationScope, type ScopeOwner } from './evaluation-scope';
import { ScopeStack } from './scope-stack';

// One for the process: a scope belongs to a chain of asynchronous calls, whichever module opened it.
const storage = new AsyncLocalStorage<ScopeStack>();

// Read once: the SDK exports it through a getter.
const openFeature = OpenFeature;

const NO_CONTEXT: EvaluationContext = Object.freeze({});

/** Answered while it is being found out whose propagator OpenFeature has. */
const PROBE: EvaluationContext = Object.freeze({ targetingKey: 'probe' });
let probing = false;

/** Shows the scope on top to OpenFeature as its transaction context, and turns a transaction context into a scope. */
const propagator: TransactionContextPropagator = {
  getTransactionContext: () => (probing ? PROBE : (storage.getStore()?.top.context ?? NO_CONTEXT)),
  setTransactionContext(context, callback, ...args) {
    storage.run(ScopeStack.of(new EvaluationScope(context), storage.getStore()), callback, ...args);
  },
};

/** Does OpenFeature find the scope by itself? Asked without looking at a context, which may not have been built yet. */
function isOurs(): boolean {
  probing = true;
  try {
    return openFeature.getTransactionContext() === PROBE;
  } finally {
    probing = false;
  }
}

/** The scope that the calling code runs in, if any: for the flags of one module, or else the last opened. */
export function currentScope(owner?: ScopeOwner): EvaluationScope | undefined {
  return storage.getStore()?.for(owner);
}

/** Does the calling code run in this scope already? */
export function isCurrent(scope: EvaluationScope): boolean {
  return currentScope(scope.owner) === scope;
}

/**
 * The transaction context for the flags of one module; that of another module is none of its business.
 *
 * @param scope The scope to ask for, where it need not be the one that the code runs in.
 */
export function transactionFor(
  owner: ScopeOwner | undefined,
  scope: EvaluationScope | undefined,
): EvaluationContext {
  const stack = storage.getStore();
  const own = stack?.for(owner);
  if (scope !== undefined && (scope !== own || scope.follows)) return scope.context;
  // Code within a scope may have set a transaction context of its own.
  const transaction = openFeature.getTransactionContext();
  if (own === stack?.top || transaction !== stack?.top.context) return transaction;
  return own?.context ?? NO_CONTEXT;
}

/**
 * Runs code in a scope, or in several, the last of them on top: a plain OpenFeature client sees the context of that one.
 */
export function runInScope<T>(scopes: EvaluationScope | readonly EvaluationScope[], run: () => T): T {
  let stack = storage.getStore();
  if (scopes instanceof EvaluationScope) stack = ScopeStack.of(scopes, stack);
  else for (const scope of scopes) stack = ScopeStack.of(scope, stack);
  if (stack === undefined) return run();
  if (isOurs()) return storage.run(stack, run);
  const { top } = stack;
  return storage.run(stack, () => {
    // The application has a propagator of its own: it has to carry the context as well, as it is now.
    let result: { readonly value: T } | undefined;
    openFeature.setTransactionContext(top.context, () => {
      result = { value: run() };
    });
    return result === undefined ? run() : result.value;
  });
}

/** Runs code where OpenFeature's transaction context is this module's, if it is another's so far. */
export function runAsOwner<T>(owner: ScopeOwner, run: () => T): T {
  if (!isOfAnother(openFeature.getTransactionContext(), owner)) return run();
  return runInScope(currentScope(owner) ?? new EvaluationScope(owner.context, undefined, owner), run);
}

/** Makes OpenFeature carry transaction contexts; a propagator that the application has set is left alone. */
export function ensurePropagation(): void {
  const probe: EvaluationContext = { targetingKey: 'probe' };
  openFeature.setTransactionContext(probe, () => {
    const works = openFeature.getTransactionContext().targetingKey === probe.targetingKey;
    if (!works) openFeature.setTransactionContextPropagator(propagator);
  });
}

/** Was this transaction context put there by a scope of another module? Code may have set one of its own since. */
function isOfAnother(transaction: EvaluationContext, owner: ScopeOwner | undefined): boolean {
  const top = storage.getStore()?.top;
  return top !== undefined && !top.isFor(owner) && transaction === top.context;
}
