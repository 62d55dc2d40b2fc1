import { type Attributes } from './context-key';

/** A context that stays as it is while something else is waited for, however its owner changes the original. */
export function copyContext(context: Attributes): Attributes {
  const hasStructure = Object.values(context).some((value) => typeof value === 'object' && value !== null);
  if (!hasStructure) return Object.assign({}, context);
  try {
    return structuredClone(context);
  } catch {
    // Functions and the like: it will be refused as it is.
    return context;
  }
}
