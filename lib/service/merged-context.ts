import { type EvaluationContext } from '@openfeature/server-sdk';
import { type ContextParts, refusalOf } from '../context';
import { type Attributes, attributesOf, keptContext, readError } from '../types';
import { mergeFor } from './layered-context';

const NO_CONTEXT: Attributes = {};

/**
 * Merges the contexts of an evaluation in the order in which the OpenFeature client does.
 *
 * @param context The attributes of this call, whatever was given for them.
 * @returns Frozen, and independent of what becomes of the parts.
 * @throws FlagshipError `INVALID_CONTEXT` when a part cannot be read, or all together are beyond Flagship's limits.
 */
export function mergedContext(parts: ContextParts, context: unknown): EvaluationContext {
  const refusal = refusalOf(parts.transaction);
  if (refusal !== undefined) throw refusal;
  try {
    return keptContext(merge(parts, attributesOf(context))) as EvaluationContext;
  } catch (error) {
    throw readError(error);
  }
}

function merge({ api, transaction, client }: ContextParts, context: Attributes | undefined): Attributes {
  // As a rule all but one are empty. Copying that one costs a tenth of spreading all.
  const [only = NO_CONTEXT, ...more] = [api, transaction, client, context ?? NO_CONTEXT].filter(
    hasAttributes,
  );
  return mergeFor(transaction, () =>
    more.length === 0 && !Object.hasOwn(only, '__proto__')
      ? Object.assign({}, only)
      : { ...api, ...transaction, ...client, ...context },
  );
}

function hasAttributes(context: Attributes): boolean {
  for (const name in context) if (Object.hasOwn(context, name)) return true;
  return false;
}
