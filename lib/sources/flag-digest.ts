import { hash } from 'node:crypto';
import { compileFlag, type FlagMap, isolateFlag, MalformedFlag } from '../evaluation';

/** The digest of a flag that cannot be read or written as JSON: such a flag answers the same, whatever it holds. */
const UNREADABLE = 'unreadable';

/** A flag's definition as JSON; `null`, which is malformed everywhere, for one that cannot be read. */
export function flagJson(definition: unknown): string {
  return definition instanceof MalformedFlag ? 'null' : JSON.stringify(definition);
}

/** A flag's definition, and a text that tells whether it has changed, at a fraction of its size. */
export interface DigestedFlag {
  /** A `MalformedFlag` where the given definition cannot be written as JSON. */
  readonly definition: unknown;
  readonly digest: string;
}

/** Digests one flag; whatever is thrown meanwhile makes that flag malformed. */
export function digestFlag(key: string, definition: unknown): DigestedFlag {
  if (definition instanceof MalformedFlag) return { definition, digest: UNREADABLE };
  const digest = isolateFlag(key, () => hash('sha1', flagJson(definition), 'base64'));
  if (typeof digest === 'string') return { definition, digest };
  // Compiling says in which part of the flag it cannot be written.
  const compiled = isolateFlag(key, () => compileFlag(key, definition, ''));
  return {
    definition: compiled instanceof MalformedFlag ? compiled : digest,
    digest: UNREADABLE,
  };
}

/** The same flags; those that cannot be written as JSON are malformed. */
export function writableFlags(flags: FlagMap): FlagMap {
  return new Map([...flags].map(([key, definition]) => [key, digestFlag(key, definition).definition]));
}

/** The keys of the flags that are new, gone or defined otherwise than before. */
export function changedKeys(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  const changed = [...now].filter(([key, print]) => before.get(key) !== print).map(([key]) => key);
  return [...changed, ...[...before.keys()].filter((key) => !now.has(key))];
}
