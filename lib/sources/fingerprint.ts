import { hash } from 'node:crypto';
import { compileFlag, type FlagMap, forOneFlag, MalformedFlag } from '../evaluation';

/** The fingerprint of a flag that cannot be read or written as JSON: such a flag answers the same, whatever it holds. */
const UNREADABLE = 'unreadable';

/** A flag's definition as JSON; `null`, which is malformed everywhere, for one that cannot be read. */
export function flagJson(definition: unknown): string {
  return definition instanceof MalformedFlag ? 'null' : JSON.stringify(definition);
}

/** A flag's definition, and a text that tells whether it has changed, at a fraction of its size. */
export interface PrintedFlag {
  /** A `MalformedFlag` where the given definition cannot be written as JSON. */
  readonly definition: unknown;
  readonly fingerprint: string;
}

/** Fingerprints one flag; whatever is thrown meanwhile makes that flag malformed. */
export function printFlag(key: string, definition: unknown): PrintedFlag {
  if (definition instanceof MalformedFlag) return { definition, fingerprint: UNREADABLE };
  const fingerprint = forOneFlag(key, () => hash('sha1', flagJson(definition), 'base64'));
  if (typeof fingerprint === 'string') return { definition, fingerprint };
  // Compiling says in which part of the flag it cannot be written.
  const compiled = forOneFlag(key, () => compileFlag(key, definition, ''));
  return {
    definition: compiled instanceof MalformedFlag ? compiled : fingerprint,
    fingerprint: UNREADABLE,
  };
}

/** The same flags; those that cannot be written as JSON are malformed. */
export function writableFlags(flags: FlagMap): FlagMap {
  return new Map([...flags].map(([key, definition]) => [key, printFlag(key, definition).definition]));
}

/** The keys of the flags that are new, gone or defined otherwise than before. */
export function changedKeys(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  const changed = [...now].filter(([key, print]) => before.get(key) !== print).map(([key]) => key);
  return [...changed, ...[...before.keys()].filter((key) => !now.has(key))];
}
