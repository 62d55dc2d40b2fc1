import { FlagshipError, FlagshipErrorCode, isErrorOf, messageOf } from '../errors';

/** The longest text from a definition that a message quotes, in characters. */
const MAX_QUOTED = 80;
/** The longest message of an unforeseen error that a message quotes, in characters. */
const MAX_REASON = 300;

/**
 * Returns a text of a definition for a message: cut, and as JSON, which escapes the control characters of terminals.
 */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/** Returns a flag's key as the first segment of a path into its definition. */
export function keySegment(flagKey: string): string {
  return quoted(flagKey).slice(1, -1);
}

/** The error of a flag whose definition cannot be evaluated. `path` is the place in the definition. */
export class MalformedFlag extends FlagshipError {
  /** Key of the malformed flag; set where the definitions are read. */
  flagKey = '';

  constructor(
    public path: string,
    readonly problem: string,
  ) {
    super(`${path}: ${problem}`, FlagshipErrorCode.PARSE_ERROR);
  }

  /** Prepends a segment to the path. Called while the error propagates, so that a valid definition costs no paths. */
  prependPath(segment: string): this {
    this.path = this.path === '' ? segment : `${segment}.${this.path}`;
    this.message = `${this.path}: ${this.problem}`;
    return this;
  }
}

/**
 * Runs one step of the work on one flag: reading, copying, compiling, hashing or writing it. Whatever it throws makes
 * only that flag malformed, because a definition can hold any value, and other flags must stay usable.
 *
 * @returns What the step returns, or a {@link MalformedFlag}, which evaluates to `PARSE_ERROR`.
 */
export function isolateFlag<T>(flagKey: string, step: () => T): T | MalformedFlag {
  try {
    return step();
  } catch (error) {
    return malformedFlagOf(flagKey, error);
  }
}

/** Returns a thrown value as the error of a flag. For frequent steps, which avoid the closure of {@link isolateFlag}. */
export function malformedFlagOf(flagKey: string, error: unknown): MalformedFlag {
  const malformed = isErrorOf(error, MalformedFlag) ? error : malformedAt(keySegment(flagKey), error);
  malformed.flagKey = flagKey;
  return malformed;
}

/** Returns a value that was thrown while a part was read as an error with the path of that part. */
export function malformedAt(segment: string, error: unknown): MalformedFlag {
  if (isErrorOf(error, MalformedFlag)) return error.prependPath(segment);
  const reason = messageOf(error);
  // V8's message for an exhausted stack.
  const isTooDeep = reason.includes('call stack');
  const problem = isTooDeep ? 'is nested too deep' : `cannot be used: ${reason.slice(0, MAX_REASON)}`;
  return new MalformedFlag(segment, problem);
}

/** The deepest nesting of a value in a definition: beyond any use, and below the depth that exhausts the stack. */
const MAX_LEVELS = 1000;

/** @throws MalformedFlag For a value nested so deep that copying or writing it could exhaust the stack. */
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

/** An object of a definition, whose members are not checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function expectObject(value: unknown, path: string): JsonObject {
  if (!isJsonObject(value)) throw notAnObject(path, value);
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

export function expectFinite(value: unknown, path: string): number {
  const number = expectNumber(value, path);
  if (!Number.isFinite(number)) throw new MalformedFlag(path, `must be a finite number, but is ${number}`);
  return number;
}

export function expectBoolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean')
    throw new MalformedFlag(path, `must be true or false, but is ${kindOf(value)}`);
  return value;
}

/** Returns what a value is, for a message. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `the string ${quoted(value)}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `the ${typeof value} ${value}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
