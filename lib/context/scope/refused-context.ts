import { type EvaluationContext } from '@openfeature/server-sdk';

const refusals = new WeakMap<object, Error>();

/**
 * Makes a context that stands for one that cannot be used. Flags are not evaluated for it: without its attributes they
 * would answer for another user.
 *
 * @param attributes What plain OpenFeature clients see of it.
 * @param refusal The error that evaluations answer.
 */
export function refusedContext(attributes: EvaluationContext, refusal: Error): EvaluationContext {
  const context = Object.freeze({ ...attributes });
  refusals.set(context, refusal);
  return context;
}

/** Why flags cannot be evaluated for a context, if they cannot. */
export function refusalOf(context: EvaluationContext): Error | undefined {
  return refusals.get(context);
}
