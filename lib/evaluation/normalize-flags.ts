import { type FlagDefinition, type JsonValue } from '../types';
import { findFlags, FlagsShapeError, type FoundFlags, looksLikeDefinition, readMember } from './flag-forms';
import { isJsonObject, isolateFlag, keySegment, kindOf, MalformedFlag, quoted } from './malformed-flag';

/** The keys that Flagship accepts. Flags by key may have others, because their author chose them for this package. */
const LISTED_KEY = /^[\w-]{1,64}$/;

/** Flags by key: definitions that are not yet checked, or a `MalformedFlag` for one that cannot be read. */
export type FlagMap = ReadonlyMap<string, unknown>;

/** Copies one flag's value. A flag for which it returns `undefined` is left out. */
type Copy = (value: unknown) => unknown;

const asIs: Copy = (value) => value;

/** Returns the definition that a bare value stands for. */
function bareFlag(key: string, value: JsonValue): FlagDefinition {
  const common = { key, enabled: true, rules: [] };
  return typeof value === 'boolean'
    ? { ...common, variations: { on: true, off: false }, default_variation: value ? 'on' : 'off' }
    : { ...common, variations: { default: value }, default_variation: 'default' };
}

/** Returns the definition of one flag, given as a definition or as a bare value. */
export function normalizeFlag(key: string, value: unknown): unknown {
  return looksLikeDefinition(value) ? { key, ...value } : bareFlag(key, value as JsonValue);
}

/**
 * Reads the content of a flags file: definitions in Flagship's format, and bare values as flags without rules.
 * Malformed definitions are kept: the compiler reports them one by one.
 *
 * @throws FlagsShapeError When the input as a whole has none of the forms that {@link findFlags} lists.
 */
export function normalizeFlags(input: unknown, copy: Copy = asIs): FlagMap {
  return readFlags(findFlags(input, true), copy, normalizeFlag);
}

/**
 * Reads definitions of Flagship, in any form that {@link findFlags} lists but bare values.
 *
 * @throws FlagsShapeError When the input as a whole has none of these forms.
 */
export function readDefinitions(input: unknown): FlagMap {
  return readFlags(findFlags(input, false), asIs, (_, value) => value);
}

function readFlags(found: FoundFlags, copy: Copy, normalize: typeof normalizeFlag): FlagMap {
  if ('list' in found) return readList(found.list, found.path, copy);
  const flags = new Map<string, unknown>();
  for (const key of Object.keys(found.byKey)) {
    const flag = isolateFlag(key, () => {
      const value = copy(found.byKey[key]);
      return value === undefined ? undefined : normalize(key, value);
    });
    if (flag !== undefined) flags.set(key, flag);
  }
  return flags;
}

/** @throws FlagsShapeError When an item has no key, because it cannot be reported as the problem of a flag then. */
function readList(list: readonly unknown[], path: string, copy: Copy): FlagMap {
  const flags = new Map<string, unknown>();
  const places = new Map<string, string>();
  list.forEach((item, index) => {
    const place = `${path}[${index}]`;
    const key = keyOf(item, place);
    const earlier = places.get(key);
    places.set(key, place);
    flags.set(
      key,
      earlier === undefined ? readItem(key, item, place, copy) : listedTwice(key, earlier, place),
    );
  });
  return flags;
}

function readItem(key: string, item: unknown, place: string, copy: Copy): unknown {
  if (LISTED_KEY.test(key)) return isolateFlag(key, () => copy(item));
  const problem = `must be 1 to 64 letters, digits, "-" or "_", but is ${quoted(key)}`;
  return new MalformedFlag(`${place}.key`, problem);
}

/** Neither of two flags with one key counts: which one its author means is unknown. */
function listedTwice(key: string, earlier: string, place: string): MalformedFlag {
  return new MalformedFlag(keySegment(key), `is listed twice, as ${earlier} and ${place}`);
}

function keyOf(item: unknown, place: string): string {
  if (!isJsonObject(item)) throw new FlagsShapeError(`${place} must be a flag, but is ${kindOf(item)}.`);
  const key = readMember(item, 'key');
  if (typeof key === 'string' && key !== '') return key;
  throw new FlagsShapeError(`${place} must have the flag's key as "key", but its "key" is ${kindOf(key)}.`);
}
