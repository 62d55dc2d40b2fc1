import { type EvaluationContext, OpenFeature } from '@openfeature/server-sdk';

let mergedWith: EvaluationContext | undefined;

/**
 * Merges contexts for a transaction context that need not be the current one: a guard asks for a request in whose scope
 * it does not run.
 */
export function mergeFor<T>(transaction: EvaluationContext, merge: () => T): T {
  const outer = mergedWith;
  mergedWith = transaction;
  try {
    return merge();
  } finally {
    mergedWith = outer;
  }
}

/**
 * The static context as a client's context. A client's context wins over the transaction context, but here a request's
 * own attribute must win over the static one of the same name; so each attribute looks there first when it is read.
 */
export function layeredContext(attributes: EvaluationContext): EvaluationContext {
  const layered: EvaluationContext = {};
  for (const name of Object.keys(attributes)) {
    Object.defineProperty(layered, name, {
      enumerable: true,
      get: () => {
        const transaction = mergedWith ?? OpenFeature.getTransactionContext();
        return Object.hasOwn(transaction, name) ? transaction[name] : attributes[name];
      },
    });
  }
  return layered;
}
