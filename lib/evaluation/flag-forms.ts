import { FlagshipError, FlagshipErrorCode } from '../errors';
import { isPlainObject } from '../types';
import { foreignFormat } from './foreign-format';
import { isJsonObject, type JsonObject, kindOf, quoted } from './malformed-flag';

/** The input as a whole has none of the accepted forms, so that no flag of it can be evaluated. */
export class FlagsShapeError extends FlagshipError {
  constructor(problem: string) {
    super(problem, FlagshipErrorCode.PARSE_ERROR);
  }
}

/** The flags of an input, not yet read: by key, or listed under a path of the input. */
export type FoundFlags =
  { readonly byKey: JsonObject } | { readonly list: readonly unknown[]; readonly path: string };

const EXPECTED = '{ "flags": { "<key>": … } }, flags by key, or a list of flags';

/** The members of the envelope in which Flagship's management API wraps its answers. */
const ENVELOPE_MEMBERS = new Set(['success', 'errors', 'messages', 'result', 'result_info', 'errorCode']);

/**
 * Whether a value is a definition. A bare JSON value can be any object, so only members that definitions alone use
 * count.
 */
export const looksLikeDefinition = (value: unknown): value is JsonObject =>
  isJsonObject(value) && ['variations', 'default_variation'].some((word) => Object.hasOwn(value, word));

/** As {@link looksLikeDefinition}; false for a value that cannot be read, which is the problem of one flag later. */
function isReadableDefinition(value: unknown): boolean {
  try {
    return looksLikeDefinition(value);
  } catch {
    return false;
  }
}

/**
 * Finds the flags in an input. The accepted forms, of which the first that applies counts:
 * 1. a list of flags, each with its `key`;
 * 2. the envelope of Flagship's API, around one of the following forms or a list;
 * 3. `{ "flags": … }`, with flags by key or a list of them; other members beside it are ignored;
 * 4. `{ "items": [ … ] }` or `{ "result": [ … ] }`, with a list of flags;
 * 5. one flag with its `key`;
 * 6. flags by key, if bare values are accepted.
 *
 * @param acceptsBare Whether flags by key may stand at the top, and a flag may be a bare value.
 * @throws FlagsShapeError When the input has none of these forms.
 */
export function findFlags(input: unknown, acceptsBare: boolean): FoundFlags {
  const content = unwrap(contentOf(input));
  if ('list' in content) return content;
  const { byKey: object } = content;
  if (Object.hasOwn(object, 'flags') && !(acceptsBare && isFlagNamedFlags(object.flags)))
    return underFlags(object.flags);
  const list = listIn(object);
  if (list !== undefined) return list;
  if (isFlagWithKey(object)) return { list: [object], path: '' };
  if (!acceptsBare) throw new FlagsShapeError('The definitions have no object "flags".');
  return { byKey: expectOwnFormat(withoutSchema(object)) };
}

/** Returns the input as JSON would write it, if it can hold flags. */
function contentOf(input: unknown): JsonObject | readonly unknown[] {
  const { toJSON } = Object(holdsMembers(input) ? input : undefined) as { readonly toJSON?: unknown };
  const content: unknown = typeof toJSON === 'function' ? toJSON.call(input) : defaultExport(input);
  if (holdsMembers(content)) return content;
  throw new FlagsShapeError(`Flags must be an object: ${EXPECTED}; but they are ${describeKind(content)}.`);
}

/** Returns the only export of a module: `await import('./flags.json', …)` resolves with the module, not with the flags. */
function defaultExport(input: unknown): unknown {
  if (Object.prototype.toString.call(input) !== '[object Module]') return input;
  const { default: only, ...others } = input as JsonObject;
  return Object.keys(others).length === 0 && holdsMembers(only) ? only : input;
}

/**
 * Whether a value is a list, or an object whose own members can be flags. A `Map`, a `Promise` or a buffer has none, and
 * would count as an object without flags.
 */
function holdsMembers(value: unknown): value is JsonObject | readonly unknown[] {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value) || isPlainObject(value)) return true;
  const isOrdinary = ['[object Object]', '[object Module]'].includes(Object.prototype.toString.call(value));
  return isOrdinary && (Object.keys(value).length > 0 || 'toJSON' in value);
}

function describeKind(value: unknown): string {
  if (typeof value !== 'object' || value === null) return kindOf(value);
  const name = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return name === 'Object' ? 'an object without members' : `a ${name}`;
}

/** Returns a list as it is, and the content of an envelope. */
function unwrap(content: JsonObject | readonly unknown[]): FoundFlags {
  if (isList(content)) return expectListOfFlags(content, '');
  if (!isEnvelope(content)) return { byKey: content };
  const { success, result } = content;
  if (success === false)
    throw new FlagsShapeError(
      `It is an answer of Flagship's API that reports a failure${reasonIn(content)}.`,
    );
  if (isList(result)) return listOrNone(result, 'result');
  if (isJsonObject(result) && (Object.hasOwn(result, 'flags') || isFlagWithKey(result)))
    return { byKey: result };
  throw new FlagsShapeError(
    `It is an answer of Flagship's API whose "result" holds no flags, but ${kindOf(result)}; expected is ${EXPECTED}.`,
  );
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/**
 * Whether an object is the envelope of an answer. Beside other members than those of the envelope, `success` and
 * `result` may be flags by key, so that the content decides.
 */
function isEnvelope(object: JsonObject): boolean {
  const [success, result] = [readMember(object, 'success'), readMember(object, 'result')];
  const isAnswer = typeof success === 'boolean' && ('result' in object || 'errors' in object);
  if (isAnswer && isJsonObject(result) && (holdsFlags(result.flags) || isFlagWithKey(result))) return true;
  if (!Object.keys(object).every((name) => ENVELOPE_MEMBERS.has(name))) return false;
  return isAnswer || (isJsonObject(result) && isJsonObject(result.flags));
}

function holdsFlags(flags: unknown): boolean {
  return isJsonObject(flags) || (isList(flags) && flags.some(isReadableDefinition));
}

function reasonIn({ errors }: JsonObject): string {
  const [first] = isList(errors) ? errors : [];
  const message = isJsonObject(first) ? first.message : undefined;
  return typeof message === 'string' ? `: ${quoted(message)}` : '';
}

function underFlags(flags: unknown): FoundFlags {
  if (isList(flags) && flags.length > 0) return expectListOfFlags(flags, 'flags');
  if (isJsonObject(flags)) return { byKey: expectOwnFormat(flags) };
  const given = isList(flags) ? 'an empty list' : kindOf(flags);
  throw new FlagsShapeError(
    `"flags" must be an object of flags by key, or a list of flags, but is ${given}.`,
  );
}

/** Whether the member `flags` is itself a flag, whose key is "flags". It looks like a definition, and holds none. */
function isFlagNamedFlags(flags: unknown): boolean {
  return (
    looksLikeDefinition(flags) &&
    !Object.keys(flags).some((key) => isReadableDefinition(readMember(flags, key)))
  );
}

/** Returns the list of flags in `items`, as `wrangler` prints it, or in `result`. */
function listIn(object: JsonObject): FoundFlags | undefined {
  for (const name of ['items', 'result']) {
    const list = Object.hasOwn(object, name) ? object[name] : undefined;
    if (!isList(list)) continue;
    // Beside other members, or without a flag in it, the list may be the value of a flag with this key.
    if (list.some(isReadableDefinition)) return { list, path: name };
    if (Object.keys(object).length === 1) return listOrNone(list, name);
  }
  return undefined;
}

/** Returns a list that may be empty, because an app may have no flags. */
function listOrNone(list: readonly unknown[], path: string): FoundFlags {
  return list.length === 0 ? { list, path } : expectListOfFlags(list, path);
}

function expectListOfFlags(list: readonly unknown[], path: string): FoundFlags {
  if (list.some(isReadableDefinition)) return { list, path };
  const [first] = list;
  const given =
    list.length === 0
      ? 'the list is empty'
      : `${path}[0] is ${isJsonObject(first) ? 'an object without "variations"' : kindOf(first)}`;
  throw new FlagsShapeError(
    `Flags must be an object or a list of definitions: ${EXPECTED}; but ${given}. Values go under their keys: { "flags": { "<key>": value } }.`,
  );
}

/** Whether an object is one flag, as the management API returns it, and not flags by key. */
function isFlagWithKey(object: JsonObject): boolean {
  return (
    typeof object.key === 'string' &&
    isJsonObject(object.variations) &&
    typeof object.default_variation === 'string'
  );
}

/** @throws FlagsShapeError When the flags are in the format of another product. */
function expectOwnFormat(flags: JsonObject): JsonObject {
  const format = foreignFormat(flags);
  if (format === undefined) return flags;
  throw new FlagsShapeError(
    `Flags must be an object of Flagship's flags: ${EXPECTED}; but this is ${format}.`,
  );
}

/** Leaves out the member that names a JSON schema to editors. */
function withoutSchema(flags: JsonObject): JsonObject {
  if (!Object.hasOwn(flags, '$schema') || typeof flags.$schema !== 'string') return flags;
  const others = Object.getOwnPropertyDescriptors(flags);
  delete others.$schema;
  // Defined instead of assigned, because reading a flag may throw.
  return Object.defineProperties({}, others);
}

/** Returns a member; undefined if reading it throws, which makes that flag alone malformed later. */
export function readMember(object: JsonObject, name: string): unknown {
  try {
    return object[name];
  } catch {
    return undefined;
  }
}
