import { type FlagMetadata } from '../types';
import { isJsonObject, type JsonObject, quoted } from './malformed-flag';

/** Flagship's limits of a flag's metadata. */
const MAX_ENTRIES = 32;
const MAX_NAME_LENGTH = 64;
const MAX_BYTES = 2048;
/** The bytes of an object without entries. */
const EMPTY_BYTES = 2;
/** Names that would change the prototype of an object that code copies the metadata into. */
const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype']);
/** The number of dropped entries that a warning names. */
const MAX_NAMED = 5;

/** Metadata that came from outside of this process, checked. */
export interface ReadMetadata {
  /** A frozen copy of the accepted entries; undefined if there are none. */
  readonly metadata: FlagMetadata | undefined;
  /** Why something was dropped, as the rest of a sentence about the metadata; undefined if nothing was. */
  readonly problem: string | undefined;
}

const NOTHING: ReadMetadata = { metadata: undefined, problem: undefined };

/** The metadata that {@link frozenMetadata} has made. */
const frozen = new WeakSet<object>();

function frozenMetadata(metadata: FlagMetadata): FlagMetadata {
  frozen.add(metadata);
  return Object.freeze(metadata);
}

/** Whether an object is metadata that this module has frozen, so that all callers may share it. */
export function isFrozenMetadata(metadata: object): metadata is FlagMetadata {
  return frozen.has(metadata);
}

function isAcceptedValue(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

/** Whether a value is an object with members. A `Map` or a date has none, and its content would be lost in silence. */
function isMetadataObject(value: unknown): value is JsonObject {
  return isJsonObject(value) && Object.prototype.toString.call(value) === '[object Object]';
}

function isAcceptedName(name: string): boolean {
  return name !== '' && name.length <= MAX_NAME_LENGTH && !FORBIDDEN_NAMES.has(name);
}

function droppedEntries(names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  return `has entries whose name or value is not accepted: ${names.slice(0, MAX_NAMED).map(quoted).join(', ')}${more}`;
}

/**
 * Reads metadata of a flag from outside of this process. Entries that Flagship would refuse are dropped one by one; too
 * many entries, or too large ones, are dropped as a whole, because none of them is worth more than another. Never throws.
 */
export function readMetadata(given: unknown): ReadMetadata {
  if (given === undefined || given === null) return NOTHING;
  try {
    return readEntries(given);
  } catch {
    // A getter or a proxy of a binding has thrown. Its message may quote the evaluation context.
    return drop('cannot be read');
  }
}

/** Reads the metadata of a definition as {@link readMetadata} does. */
export function readDefinitionMetadata(definition: unknown): ReadMetadata {
  try {
    return isJsonObject(definition) ? readMetadata(definition.metadata) : NOTHING;
  } catch {
    return drop('cannot be read');
  }
}

function drop(problem: string): ReadMetadata {
  return { metadata: undefined, problem };
}

function readEntries(given: unknown): ReadMetadata {
  if (!isMetadataObject(given)) return drop('is not an object');
  const names = Object.keys(given);
  if (names.length > MAX_ENTRIES) return drop(`has ${names.length} entries, more than ${MAX_ENTRIES}`);
  const dropped: string[] = [];
  const metadata: Record<string, string | number | boolean> = {};
  for (const name of names) {
    const value = given[name];
    if (isAcceptedName(name) && isAcceptedValue(value)) metadata[name] = value;
    // JSON has no undefined, so an object of options with such an entry means none.
    else if (value !== undefined) dropped.push(name);
  }
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes > MAX_BYTES) return drop(`takes ${bytes} bytes as JSON, more than ${MAX_BYTES}`);
  return {
    metadata: bytes > EMPTY_BYTES ? frozenMetadata(metadata) : undefined,
    problem: dropped.length > 0 ? droppedEntries(dropped) : undefined,
  };
}

/**
 * Returns the metadata of every answer of an app: `flagSetId` and `version`, the names that OpenFeature's telemetry
 * reads.
 *
 * @param flagSetId The app's ID, where it is known.
 * @param version The version of the definitions, where they have one.
 * @returns Frozen metadata; undefined if there is neither.
 */
export function flagSetMetadata(flagSetId: string | undefined, version?: string): FlagMetadata | undefined {
  if (flagSetId === undefined && version === undefined) return undefined;
  return frozenMetadata({
    ...(flagSetId !== undefined && { flagSetId }),
    ...(version !== undefined && { version }),
  });
}

/** Returns the metadata of the app together with that of a flag, which wins where both have a name. */
export function mergeMetadata(
  flagSet: FlagMetadata | undefined,
  own: FlagMetadata | undefined,
): FlagMetadata | undefined {
  if (flagSet === undefined) return own;
  return own === undefined ? flagSet : frozenMetadata({ ...flagSet, ...own });
}

/** Returns a flag's own metadata again: without the entries that {@link mergeMetadata} would add as they are. */
export function ownMetadata(
  flagSet: FlagMetadata | undefined,
  merged: FlagMetadata | undefined,
): FlagMetadata | undefined {
  if (flagSet === undefined || merged === undefined) return merged;
  const own = Object.entries(merged).filter(([name, value]) => flagSet[name] !== value);
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

/**
 * Returns a definition whose metadata holds scalars only, so that it can be copied, hashed and written as JSON: values
 * that are no metadata, such as circular or deeply nested ones, must not make the flag malformed. They become null, so
 * that the reader of the metadata reports them.
 */
export function withFlatMetadata(definition: unknown): unknown {
  // A bare value may be an object with a member of this name.
  if (!isJsonObject(definition) || !Object.hasOwn(definition, 'variations')) return definition;
  const { metadata } = definition;
  if (metadata === undefined || metadata === null) return definition;
  const flat = flatMetadata(metadata);
  return flat === metadata ? definition : { ...definition, metadata: flat };
}

function flatMetadata(metadata: unknown): unknown {
  try {
    // No object, so it is dropped as a whole, whatever it holds.
    if (!isMetadataObject(metadata)) return false;
    const entries = Object.entries(metadata);
    if (entries.every(([, value]) => isAcceptedValue(value))) return metadata;
    return Object.fromEntries(
      entries.map(([name, value]) => [name, isAcceptedValue(value) || value === undefined ? value : null]),
    );
  } catch {
    return false;
  }
}
