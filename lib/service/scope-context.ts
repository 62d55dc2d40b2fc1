import { type EvaluationContext } from '@openfeature/server-sdk';
import { invalidContext } from '../context';
import { copyContext } from '../types';

/** The context of a scope: a module's static attributes, and what was given for one evaluation context. */
export function scopeContext(attributes: EvaluationContext, context: unknown): EvaluationContext {
  try {
    const own = copyContext(context) as EvaluationContext;
    for (const name in attributes) if (Object.hasOwn(attributes, name)) return { ...attributes, ...own };
    return own;
  } catch (error) {
    return invalidContext(attributes, error as Error);
  }
}
