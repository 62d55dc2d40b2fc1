import { type EvaluationContext, OpenFeature } from '@openfeature/server-sdk';

let mergingTransaction: EvaluationContext | undefined;

/**
 * Runs a merge of contexts under a transaction context that need not be OpenFeature's current one, because a guard
 * evaluates flags for a request outside of its scope. Returns the result of `merge`.
 */
export function mergeUnderTransaction<T>(transaction: EvaluationContext, merge: () => T): T {
  const outer = mergingTransaction;
  mergingTransaction = transaction;
  try {
    return merge();
  } finally {
    mergingTransaction = outer;
  }
}

/**
 * Returns the static attributes as a client's context. In OpenFeature, a client's context wins over the transaction
 * context, but a request's attribute must win over the static one of the same name. So each attribute is a getter that
 * returns the transaction context's value, if there is one.
 */
export function overridableClientContext(attributes: EvaluationContext): EvaluationContext {
  const layered: EvaluationContext = {};
  for (const name of Object.keys(attributes)) {
    Object.defineProperty(layered, name, {
      enumerable: true,
      get: () => {
        const transaction = mergingTransaction ?? OpenFeature.getTransactionContext();
        return Object.hasOwn(transaction, name) ? transaction[name] : attributes[name];
      },
    });
  }
  return layered;
}
