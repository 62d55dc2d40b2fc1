import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type EvaluationContext,
  OpenFeature,
  type TransactionContextPropagator,
} from '@openfeature/server-sdk';
import { EvaluationScope, type ScopeModule } from './evaluation-scope';
import { ScopeStack } from './scope-stack';

// One for the process: a scope belongs to a chain of asynchronous calls, whatever module opened it.
const storage = new AsyncLocalStorage<ScopeStack>();

// Read once, because the SDK exports it through a getter.
const openFeature = OpenFeature;

const NO_CONTEXT: EvaluationContext = Object.freeze({});

/** The transaction context that {@link scopePropagator} returns while {@link isScopePropagatorSet} checks for it. */
const PROBE: EvaluationContext = Object.freeze({ targetingKey: 'probe' });
let isProbing = false;

/** Makes the top scope's context OpenFeature's transaction context, and opens a scope for each transaction context. */
export const scopePropagator: TransactionContextPropagator = {
  getTransactionContext: () => (isProbing ? PROBE : (storage.getStore()?.top.context ?? NO_CONTEXT)),
  setTransactionContext(context, callback, ...args) {
    storage.run(ScopeStack.of(new EvaluationScope(context), storage.getStore()), callback, ...args);
  },
};

/** Whether OpenFeature uses {@link scopePropagator}. The check does not read, and so does not build, a request's context. */
function isScopePropagatorSet(): boolean {
  isProbing = true;
  try {
    return openFeature.getTransactionContext() === PROBE;
  } finally {
    isProbing = false;
  }
}

/** The copies that propagators set by the application have made of transaction contexts which they received. */
const copies = new WeakSet<EvaluationContext>();

/** Whether OpenFeature's transaction context is this scope's; the application may have set another one since. */
function isTransactionOf(scope: EvaluationScope): boolean {
  if (isScopePropagatorSet()) return true;
  const transaction = openFeature.getTransactionContext();
  return transaction === scope.transaction || copies.has(transaction);
}

/** Whether OpenFeature's transaction context is a copy, with the attributes known when the scope was opened. */
function isTransactionCopied(): boolean {
  return !isScopePropagatorSet() && copies.has(openFeature.getTransactionContext());
}

/** Returns the scope that the calling code runs in, if any: the one of a module, or else the one opened last. */
export function currentScope(module?: ScopeModule): EvaluationScope | undefined {
  return storage.getStore()?.for(module);
}

/** Whether the calling code runs in this scope. */
export function isCurrent(scope: EvaluationScope): boolean {
  return currentScope(scope.module) === scope;
}

/**
 * Returns the transaction context for the flags of one module; the scopes of other modules do not affect it.
 *
 * @param scope The scope in which the flags are evaluated, see {@link EvaluationScope.forEvaluation}. The calling code need
 * not run in it.
 */
export function transactionContextFor(
  module: ScopeModule | undefined,
  scope: EvaluationScope | undefined,
): EvaluationContext {
  const stack = storage.getStore();
  const current = stack?.for(module);
  if (scope !== undefined && current?.resolvesTo(scope) !== true) return scope.context;
  if (stack === undefined ? isScopePropagatorSet() : isTransactionOf(stack.top))
    return (scope ?? current)?.context ?? NO_CONTEXT;
  // The application has set a transaction context of its own, through a propagator of its own.
  return openFeature.getTransactionContext();
}

/**
 * Runs code in a scope, or in several, the last one on top: a plain OpenFeature client sees the context of the top one.
 *
 * @returns The result of `run`.
 */
export function runInScope<T>(scopes: EvaluationScope | readonly EvaluationScope[], run: () => T): T {
  let stack = storage.getStore();
  if (scopes instanceof EvaluationScope) stack = ScopeStack.of(scopes, stack);
  else for (const scope of scopes) stack = ScopeStack.of(scope, stack);
  if (stack === undefined) return run();
  if (isScopePropagatorSet()) return storage.run(stack, run);
  const { transaction } = stack.top;
  return storage.run(stack, () => runWithPropagator(transaction, run));
}

/**
 * Runs code while the propagator that the application has set propagates a transaction context too. The code runs
 * exactly once, also if the propagator calls back several times, calls back never, or throws.
 */
function runWithPropagator<T>(transaction: EvaluationContext, run: () => T): T {
  const runs: { readonly result?: T }[] = [];
  const once = (): void => {
    if (runs.length > 0) return;
    const outcome: { result?: T } = {};
    runs.push(outcome);
    const propagated = openFeature.getTransactionContext();
    if (propagated !== transaction) copies.add(propagated);
    outcome.result = run();
  };
  try {
    openFeature.setTransactionContext(transaction, once);
  } catch (error) {
    // Rethrown only if `run` itself threw. A propagator that throws before or after `run` must change nothing.
    if (runs[0] !== undefined && !Object.hasOwn(runs[0], 'result')) throw error;
  }
  once();
  return runs[0]?.result as T;
}

/** Runs code with the current context of a module as OpenFeature's transaction context, and returns its result. */
export function runForModule<T>(module: ScopeModule, run: () => T): T {
  const top = storage.getStore()?.top;
  if (top === undefined) return run();
  if (top.isFor(module) ? !isTransactionCopied() : !isTransactionOf(top)) return run();
  return runInScope(currentScope(module) ?? new EvaluationScope(module.context, undefined, module), run);
}
