import { type EvaluationContext } from '@openfeature/server-sdk';
import { type ContextParts, refusalOf } from '../context';
import {
  type Attributes,
  attributesOf,
  isKnownFrozen,
  freezeContext,
  NO_ATTRIBUTES,
  contextReadError,
} from '../types';
import { mergeFor } from './layered-context';

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
    return freezeContext(merge(parts, attributesOf(context))) as EvaluationContext;
  } catch (error) {
    throw contextReadError(error);
  }
}

function merge(parts: ContextParts, context: Attributes | undefined): Attributes {
  const { api, transaction, client } = parts;
  // As a rule all but one are empty. Copying that one costs a tenth of spreading all.
  let only = context ?? NO_ATTRIBUTES;
  let count = context === undefined ? 0 : 1;
  for (const part of [client, transaction, api]) {
    if (!hasAttributes(part)) continue;
    only = part;
    count++;
  }
  if (count === 0) return NO_ATTRIBUTES;
  // The client's attributes look into the transaction context as they are read.
  if (count > 1 || only === client)
    return mergeFor(transaction, () => ({ ...api, ...transaction, ...client, ...context }));
  // A context that nothing can change needs no copy.
  if (isKnownFrozen(only)) return only;
  return Object.hasOwn(only, '__proto__') ? { ...only } : Object.assign({}, only);
}

function hasAttributes(context: Attributes): boolean {
  for (const name in context) if (Object.hasOwn(context, name)) return true;
  return false;
}
