import { isDate } from 'node:util/types';
import { isPlainObject } from './plain-object';

/** Returns the size of a copied value as JSON in bytes. Objects that are not plain data count as 0. */
export function jsonBytes(value: unknown): number {
  if (typeof value === 'string' || isDate(value)) return Buffer.byteLength(JSON.stringify(value));
  if (typeof value === 'function') return 0;
  if (typeof value !== 'object' || value === null) return String(value).length;
  const isList = Array.isArray(value);
  if (!isList && !isPlainObject(value)) return 0;
  const members = Object.entries(value);
  // The brackets, and a comma between two members.
  let bytes = 2 + Math.max(0, members.length - 1);
  for (const [name, member] of members) bytes += jsonBytes(member) + (isList ? 0 : jsonBytes(name) + 1);
  return bytes;
}
