import { FlagshipError, FlagshipErrorCode, isErrorOf, messageOf } from '../errors';

/** The longest text from a definition that a message quotes, in characters. */
const MAX_QUOTED = 80;
/** The longest reason of JavaScript's own that a message gives. */
const MAX_REASON = 300;

/** A text from a definition as a message shows it: as JSON, which escapes what a terminal would obey, and cut. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/** A flag's key as the first step of a place in its definition. */
export function keyPlace(flagKey: string): string {
  return quoted(flagKey).slice(1, -1);
}

/** A flag's definition that cannot be evaluated. `path` says where in the definition. */
export class MalformedFlag extends FlagshipError {
  /** The flag that is malformed; known once the definitions it stands in are. */
  flagKey = '';

  constructor(
    public path: string,
    readonly problem: string,
  ) {
    super(`${path}: ${problem}`, FlagshipErrorCode.PARSE_ERROR);
  }

  /** Says in what the path so far stands; called on the way out, so that a right definition pays for no path. */
  within(place: string): this {
    this.path = this.path === '' ? place : `${place}.${this.path}`;
    this.message = `${this.path}: ${this.problem}`;
    return this;
  }
}

/**
 * Does one step of the work on one flag: reads, copies, compiles, fingerprints or writes it. Whatever is thrown makes that
 * flag malformed and goes no further: one flag must not take the others down, and anything can stand in a definition.
 *
 * @returns What the step returns; a {@link MalformedFlag}, which answers `PARSE_ERROR`, where it failed.
 */
export function isolateFlag<T>(flagKey: string, step: () => T): T | MalformedFlag {
  try {
    return step();
  } catch (error) {
    return malformedFlagOf(flagKey, error);
  }
}

/** The fault of a flag, whatever was thrown; for a step that is too frequent for {@link isolateFlag}'s closure. */
export function malformedFlagOf(flagKey: string, error: unknown): MalformedFlag {
  const malformed = isErrorOf(error, MalformedFlag) ? error : within(keyPlace(flagKey), error);
  malformed.flagKey = flagKey;
  return malformed;
}

/** Whatever was thrown while a part was read, JavaScript's own errors included, with the part's place. */
export function within(place: string, error: unknown): MalformedFlag {
  if (isErrorOf(error, MalformedFlag)) return error.within(place);
  const reason = messageOf(error);
  // How V8 says that the stack is exhausted.
  const isTooDeep = reason.includes('call stack');
  const problem = isTooDeep ? 'is nested too deep' : `cannot be used: ${reason.slice(0, MAX_REASON)}`;
  return new MalformedFlag(place, problem);
}

/** The most levels that a value in a definition may have: far beyond any use, far below what exhausts the stack. */
const MAX_LEVELS = 1000;

/**
 * Checks that a value is not nested so deep that copying or writing it could exhaust the stack.
 *
 * @throws MalformedFlag
 */
export function expectShallow(value: unknown, path: string): void {
  if (typeof value === 'object' && value !== null && isDeeper(value, MAX_LEVELS))
    throw new MalformedFlag(path, `is nested more than ${MAX_LEVELS} deep`);
}

function isDeeper(value: object, levels: number): boolean {
  if (levels === 0) return true;
  for (const name in value) {
    const item = (value as JsonObject)[name];
    if (typeof item === 'object' && item !== null && isDeeper(item, levels - 1)) return true;
  }
  return false;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function expectObject(value: unknown, path: string): JsonObject {
  if (!isObject(value)) throw notAnObject(path, value);
  return value;
}

export function notAnObject(path: string, value: unknown): MalformedFlag {
  return new MalformedFlag(path, `must be an object, but is ${kindOf(value)}`);
}

export function expectArray(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedFlag(path, `must be a list, but is ${kindOf(value)}`);
  return value;
}

export function expectString(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new MalformedFlag(path, `must be text, but is ${kindOf(value)}`);
  return value;
}

export function expectNumber(value: unknown, path: string): number {
  if (typeof value !== 'number') throw new MalformedFlag(path, `must be a number, but is ${kindOf(value)}`);
  return value;
}

export function expectBoolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean')
    throw new MalformedFlag(path, `must be true or false, but is ${kindOf(value)}`);
  return value;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `the string ${quoted(value)}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `the ${typeof value} ${value}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
