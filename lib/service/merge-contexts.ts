import { type EvaluationContext } from '@openfeature/server-sdk';
import { type ContextParts, contextErrorOf } from '../context';
import {
  type Attributes,
  attributesOf,
  isLastValidated,
  freezeContext,
  NO_ATTRIBUTES,
  contextReadError,
} from '../types';
import { mergeUnderTransaction } from './overridable-client-context';

/**
 * Merges the contexts of an evaluation in the order of the OpenFeature client: API, transaction, client, call.
 *
 * @param context The attributes of this call, unchecked.
 * @returns The merged context, frozen and independent of later changes to the parts.
 * @throws FlagshipError `INVALID_CONTEXT` if a part cannot be read, or if the result exceeds Flagship's limits.
 */
export function mergeContexts(parts: ContextParts, context: unknown): EvaluationContext {
  const invalid = contextErrorOf(parts.transaction);
  if (invalid !== undefined) throw invalid;
  try {
    return freezeContext(merge(parts, attributesOf(context))) as EvaluationContext;
  } catch (error) {
    throw contextReadError(error);
  }
}

function merge(parts: ContextParts, context: Attributes | undefined): Attributes {
  const { api, transaction, client } = parts;
  // Usually all parts but one are empty. Copying that part alone costs a tenth of spreading all of them.
  let only = context ?? NO_ATTRIBUTES;
  let count = context === undefined ? 0 : 1;
  for (const part of [client, transaction, api]) {
    if (!hasAttributes(part)) continue;
    only = part;
    count++;
  }
  if (count === 0) return NO_ATTRIBUTES;
  // The client's attributes are getters that read the transaction context, see `layeredContext`.
  if (count > 1 || only === client)
    return mergeUnderTransaction(transaction, () => ({ ...api, ...transaction, ...client, ...context }));
  // A frozen copy of this package cannot change, so it is not copied again.
  if (isLastValidated(only)) return only;
  return Object.hasOwn(only, '__proto__') ? { ...only } : Object.assign({}, only);
}

function hasAttributes(context: Attributes): boolean {
  for (const name in context) if (Object.hasOwn(context, name)) return true;
  return false;
}
