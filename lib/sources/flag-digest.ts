import { hash } from 'node:crypto';
import { compileFlag, type FlagMap, isolateFlag, MalformedFlag, withFlatMetadata } from '../evaluation';

/** The digest of all flags that cannot be read or written as JSON: they are evaluated alike, whatever they contain. */
const UNREADABLE = 'unreadable';

/** Returns a flag's definition as JSON; for one that cannot be read, `null`, which is malformed everywhere. */
export function flagJson(definition: unknown): string {
  return definition instanceof MalformedFlag ? 'null' : JSON.stringify(definition);
}

/** A flag's definition and a digest of it. Digests show which flags have changed at a fraction of the memory. */
export interface DigestedFlag {
  /** A `MalformedFlag` if the original definition cannot be written as JSON. */
  readonly definition: unknown;
  readonly digest: string;
}

/** Digests a flag. An error that is thrown meanwhile makes this flag malformed and does not affect others. */
export function digestFlag(key: string, original: unknown): DigestedFlag {
  if (original instanceof MalformedFlag) return { definition: original, digest: UNREADABLE };
  const definition = withFlatMetadata(original);
  const digest = isolateFlag(key, () => hash('sha1', flagJson(definition), 'base64'));
  if (typeof digest === 'string') return { definition, digest };
  // Compiling locates the part of the flag that cannot be written.
  const compiled = isolateFlag(key, () => compileFlag(key, definition, ''));
  return {
    definition: compiled instanceof MalformedFlag ? compiled : digest,
    digest: UNREADABLE,
  };
}

/** Returns the flags, with a `MalformedFlag` in place of each one that cannot be written as JSON. */
export function serializableFlags(flags: FlagMap): FlagMap {
  return new Map([...flags].map(([key, definition]) => [key, digestFlag(key, definition).definition]));
}

/** Compares the digests of two versions. Returns the keys of the flags that are new, removed or defined otherwise. */
export function changedKeys(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const changed = [...after].filter(([key, digest]) => before.get(key) !== digest).map(([key]) => key);
  return [...changed, ...[...before.keys()].filter((key) => !after.has(key))];
}
