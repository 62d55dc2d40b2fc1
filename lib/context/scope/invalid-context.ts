import { type EvaluationContext } from '@openfeature/server-sdk';

const contextErrors = new WeakMap<object, Error>();

/**
 * Returns a context that represents one that cannot be read or exceeds the limits. Evaluations under it resolve with the
 * error: without the missing attributes, flags would be evaluated for another user.
 *
 * @param attributes The attributes that plain OpenFeature clients see.
 * @param error The error that evaluations resolve with.
 */
export function invalidContext(attributes: EvaluationContext, error: Error): EvaluationContext {
  const context = Object.freeze({ ...attributes });
  contextErrors.set(context, error);
  return context;
}

/** Returns the error that prevents evaluations under a context; undefined for a valid context. */
export function contextErrorOf(context: EvaluationContext): Error | undefined {
  return contextErrors.get(context);
}
