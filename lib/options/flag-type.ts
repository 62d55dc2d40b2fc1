import { type JsonValue } from './json-value';

/** The four types that OpenFeature's server providers tell apart. */
export type FlagType = 'boolean' | 'string' | 'number' | 'object';

/** `object` stands for JSON objects, lists and null. */
export function flagTypeOf(value: JsonValue): FlagType {
  const type = typeof value;
  return type === 'boolean' || type === 'string' || type === 'number' ? type : 'object';
}
