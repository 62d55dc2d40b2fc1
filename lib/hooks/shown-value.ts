import { copyContext, isPlainObject } from '../types';

/**
 * Returns a value as JSON for a log line. Never throws and never takes long: for a large value, or one that is not JSON,
 * it returns a description.
 */
export function shownValue(value: unknown): string {
  if (typeof value === 'string' || value === null) return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object') return `"(${typeof value})"`;
  try {
    // copyContext enforces the limits of a context: the JSON of a structure with shared parts can be a million times as
    // long as the structure.
    return JSON.stringify(copyContext({ value }).value, plainOnly);
  } catch {
    return '"(too large, or not JSON)"';
  }
}

/** Replaces instances of classes, because their `toJSON` may return a text of any length. */
function plainOnly(_name: string, member: unknown): unknown {
  if (typeof member === 'bigint') return '(bigint)';
  if (typeof member !== 'object' || member === null) return member;
  return Array.isArray(member) || isPlainObject(member) ? member : '(object)';
}
