import { isDate } from 'node:util/types';
import { type ContextAttributes } from './flag-source';
import { invalidContext } from './invalid-context';
import { isPlainObject } from './plain-object';

/** Deeper than any sensible context; also ends circular ones. */
const MAX_DEPTH = 32;

function unsendable(path: string, what: string): never {
  throw invalidContext(`"${path}" is ${what}, which JSON cannot carry.`);
}

function structure(value: object, path: string, depth: number): unknown {
  if (depth > MAX_DEPTH) return unsendable(path, `nested more than ${MAX_DEPTH} deep, or circular`);
  if (Array.isArray(value)) {
    return value.map((item, index) => sendable(item, `${path}[${index}]`, depth + 1) ?? null);
  }
  if (!isPlainObject(value)) return unsendable(path, 'neither a plain object nor a list');
  return attributes(value, `${path}.`, depth);
}

function attributes(holder: ContextAttributes, prefix: string, depth: number): unknown {
  const copy: [string, unknown][] = [];
  for (const name of Object.keys(holder)) {
    copy.push([name, sendable(holder[name], `${prefix}${name}`, depth + 1)]);
  }
  return Object.fromEntries(copy);
}

function sendable(value: unknown, path: string, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : unsendable(path, String(value));
    case 'object':
      if (value === null) return null;
      if (!isDate(value)) return structure(value, path, depth);
      return Number.isNaN(value.getTime()) ? unsendable(path, 'an invalid date') : value.toISOString();
    default:
      return unsendable(path, `a ${typeof value}`);
  }
}

/**
 * The request body for a flag and a context, types kept.
 *
 * @throws FlagshipError `INVALID_CONTEXT` for what JSON cannot carry, rather than sending something else instead.
 */
export function evaluationBody(flagKey: string, context: ContextAttributes): string {
  return JSON.stringify({ flagKey, context: attributes(context, '', 0) });
}
