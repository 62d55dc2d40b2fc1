import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type EvaluationContext,
  OpenFeature,
  type TransactionContextPropagator,
} from '@openfeature/server-sdk';
import { EvaluationScope, type ScopeModule } from './evaluation-scope';
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
export const scopePropagator: TransactionContextPropagator = {
  getTransactionContext: () => (probing ? PROBE : (storage.getStore()?.top.context ?? NO_CONTEXT)),
  setTransactionContext(context, callback, ...args) {
    storage.run(ScopeStack.of(new EvaluationScope(context), storage.getStore()), callback, ...args);
  },
};

/** Whether OpenFeature finds the scope by itself. Asked without building a context, which may not be wanted. */
function isOurs(): boolean {
  probing = true;
  try {
    return openFeature.getTransactionContext() === PROBE;
  } finally {
    probing = false;
  }
}

/** What propagators of applications have made of the contexts that they were given: some keep a copy. */
const copies = new WeakSet<EvaluationContext>();

/** Whether OpenFeature's transaction context is the one that this scope shows: code may have set one of its own since. */
function isShown(scope: EvaluationScope): boolean {
  if (isOurs()) return true;
  const transaction = openFeature.getTransactionContext();
  return transaction === scope.transaction || copies.has(transaction);
}

/** Whether OpenFeature has a copy of what was known when the scope was opened. */
function isCopied(): boolean {
  return !isOurs() && copies.has(openFeature.getTransactionContext());
}

/** The scope that the calling code runs in, if any: for the flags of one module, or else the last opened. */
export function currentScope(owner?: ScopeModule): EvaluationScope | undefined {
  return storage.getStore()?.for(owner);
}

/** Whether the calling code runs in this scope already. */
export function isCurrent(scope: EvaluationScope): boolean {
  return currentScope(scope.owner) === scope;
}

/**
 * Returns the transaction context for the flags of one module; that of another module is none of its business.
 *
 * @param asked The scope in which the flags are asked, see `EvaluationScope.asked`; it need not be the one that the code
 * runs in.
 */
export function transactionFor(
  owner: ScopeModule | undefined,
  asked: EvaluationScope | undefined,
): EvaluationContext {
  const stack = storage.getStore();
  const own = stack?.for(owner);
  if (asked !== undefined && own?.isStill(asked) !== true) return asked.context;
  if (stack === undefined ? isOurs() : isShown(stack.top)) return (asked ?? own)?.context ?? NO_CONTEXT;
  // Code within a scope, or without one, has set a transaction context by a propagator of the application's.
  return openFeature.getTransactionContext();
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
  const { transaction } = stack.top;
  return storage.run(stack, () => runWithPropagator(transaction, run));
}

/** Runs code where the propagator of the application carries a context as well: once, whatever that propagator does. */
function runWithPropagator<T>(transaction: EvaluationContext, run: () => T): T {
  const runs: { readonly result?: T }[] = [];
  const once = (): void => {
    if (runs.length > 0) return;
    const outcome: { result?: T } = {};
    runs.push(outcome);
    const carried = openFeature.getTransactionContext();
    if (carried !== transaction) copies.add(carried);
    outcome.result = run();
  };
  try {
    openFeature.setTransactionContext(transaction, once);
  } catch (error) {
    // Of the code itself; a propagator that fails without calling it, or after it has ended, changes nothing.
    if (runs[0] !== undefined && !Object.hasOwn(runs[0], 'result')) throw error;
  }
  once();
  return runs[0]?.result as T;
}

/** Runs code where OpenFeature's transaction context is this module's as of now, if it is another one so far. */
export function runForModule<T>(owner: ScopeModule, run: () => T): T {
  const top = storage.getStore()?.top;
  if (top === undefined) return run();
  if (top.isFor(owner) ? !isCopied() : !isShown(top)) return run();
  return runInScope(currentScope(owner) ?? new EvaluationScope(owner.context, undefined, owner), run);
}
