import { type EvaluationContext } from '@openfeature/server-sdk';
import { type ContextParts, refusalOf } from '../context';
import { attributesOf, keptContext } from '../types';
import { mergeFor } from './layered-context';

const NO_CONTEXT: EvaluationContext = {};

/**
 * Merges the contexts of an evaluation in the order in which the OpenFeature client does.
 *
 * @param context The attributes of this call, whatever was given for them.
 * @returns Frozen, and independent of what becomes of the parts.
 * @throws FlagshipError `INVALID_CONTEXT` when a part cannot be read, or all together are beyond Flagship's limits.
 */
export function mergedContext({ api, transaction, client }: ContextParts, context: unknown): EvaluationContext {
  const refusal = refusalOf(transaction);
  if (refusal !== undefined) throw refusal;
  const own = attributesOf(context) as EvaluationContext | undefined;
  // As a rule all but one are empty. Copying that one costs a tenth of spreading all.
  const [only = NO_CONTEXT, ...more] = [api, transaction, client, own ?? NO_CONTEXT].filter(hasAttributes);
  const merged = mergeFor(transaction, () =>
    more.length === 0 && !Object.hasOwn(only, '__proto__')
      ? Object.assign({}, only)
      : { ...api, ...transaction, ...client, ...own },
  );
  return keptContext(merged) as EvaluationContext;
}

function hasAttributes(context: EvaluationContext): boolean {
  for (const name in context) if (Object.hasOwn(context, name)) return true;
  return false;
}
