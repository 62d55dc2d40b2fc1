import { copyContext, isPlainObject } from '../types';

/**
 * A value as one short text of JSON. Never throws, and never takes long: what is large, or not JSON, is named instead.
 */
export function shownValue(value: unknown): string {
  if (typeof value === 'string' || value === null) return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object') return `"(${typeof value})"`;
  try {
    // Within the limits of a context: a structure with shared parts can be a million times as long as JSON.
    return JSON.stringify(copyContext({ value }).value, plainOnly);
  } catch {
    return '"(too large, or not JSON)"';
  }
}

/** Leaves an object of a class out: how large its JSON is, only the class knows. */
function plainOnly(_name: string, member: unknown): unknown {
  if (typeof member === 'bigint') return '(bigint)';
  if (typeof member !== 'object' || member === null) return member;
  return Array.isArray(member) || isPlainObject(member) ? member : '(object)';
}
