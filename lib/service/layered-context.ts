import { type EvaluationContext, OpenFeature } from '@openfeature/server-sdk';

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
        const transaction = OpenFeature.getTransactionContext();
        return Object.hasOwn(transaction, name) ? transaction[name] : attributes[name];
      },
    });
  }
  return layered;
}
