import { type JsonValue } from '../types';

/** The four value types of OpenFeature's server providers. `object` includes lists and null. */
export type FlagType = 'boolean' | 'string' | 'number' | 'object';

/** Returns the type of a flag with this value: `object` for JSON objects, lists and null. */
export function flagTypeOf(value: JsonValue): FlagType {
  const type = typeof value;
  return type === 'boolean' || type === 'string' || type === 'number' ? type : 'object';
}
