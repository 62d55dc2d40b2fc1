import { type EvaluationContext } from '@openfeature/server-sdk';
import { invalidContext } from '../context';
import { copyContext } from '../types';

/**
 * Returns the evaluation context of a scope: a copy of `context` merged over a module's static attributes. If `context`
 * cannot be read or exceeds Flagship's limits, evaluations under the returned context resolve with `INVALID_CONTEXT`.
 */
export function withStaticContext(attributes: EvaluationContext, context: unknown): EvaluationContext {
  try {
    const copy = copyContext(context) as EvaluationContext;
    for (const name in attributes) if (Object.hasOwn(attributes, name)) return { ...attributes, ...copy };
    return copy;
  } catch (error) {
    return invalidContext(attributes, error as Error);
  }
}
