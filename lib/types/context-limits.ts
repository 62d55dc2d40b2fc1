import { FlagshipError, FlagshipErrorCode, describeValue } from '../errors';

/** What Flagship accepts as the JSON of an evaluation context. */
export const CONTEXT_LIMITS = {
  /** Names at the top of the context. */
  attributes: 100,
  /** Objects and lists within one another; the context itself is the first level. */
  levels: 10,
  /** Texts, numbers, booleans, nulls, dates, objects and lists, wherever they stand. */
  values: 10_000,
  /** Of the context as JSON, in UTF-8. */
  bytes: 32 * 1024,
} as const;

/** The most that one character takes in JSON: `\u0000`. */
export const MAX_CHARACTER_BYTES = 6;
/** The most that a number takes in JSON, and more than `true`, `null` or the ISO text of a date. */
export const MAX_SCALAR_BYTES = 32;
/** Two quotes, and a colon or a comma. */
export const TEXT_FRAME_BYTES = 3;

/** Counts what a context holds while it is copied, and refuses it at the first value too many. */
export class ContextMeter {
  private values = 0;
  /** What the JSON takes at least, and at most: measuring exactly costs more than all the rest. */
  private leastBytes = 0;
  private mostBytes = 0;

  /** Whether the JSON may be larger than Flagship accepts, so that it has to be measured exactly. */
  get isInDoubt(): boolean {
    return this.mostBytes > CONTEXT_LIMITS.bytes;
  }

  /** @throws FlagshipError `INVALID_CONTEXT` when there are more attributes than Flagship accepts. */
  addAttributes(count: number): void {
    if (count <= CONTEXT_LIMITS.attributes) return;
    throw contextError(`it has ${count} attributes, more than ${CONTEXT_LIMITS.attributes}.`);
  }

  /** @throws FlagshipError `INVALID_CONTEXT` when the structure is deeper than Flagship accepts. */
  checkLevel(level: number, path: string): void {
    if (level <= CONTEXT_LIMITS.levels) return;
    throw contextError(
      `${describeValue(path)} is nested more than ${CONTEXT_LIMITS.levels} levels deep, or circular.`,
    );
  }

  /**
   * Counts values whose size is small, or is counted with what they hold.
   *
   * @throws FlagshipError `INVALID_CONTEXT` when there are more values than Flagship accepts.
   */
  addValues(count: number): void {
    this.values += count;
    this.addBytes(count, count * MAX_SCALAR_BYTES);
    if (this.values <= CONTEXT_LIMITS.values) return;
    throw contextError(`it has more than ${CONTEXT_LIMITS.values} values, or is circular.`);
  }

  /** @throws FlagshipError `INVALID_CONTEXT` when the context is larger than Flagship accepts. */
  addText({ length }: string): void {
    this.addBytes(length + TEXT_FRAME_BYTES - 1, length * MAX_CHARACTER_BYTES + TEXT_FRAME_BYTES);
  }

  /** @throws FlagshipError `INVALID_CONTEXT` when the context is larger than Flagship accepts. */
  addBytes(least: number, most: number): void {
    this.leastBytes += least;
    this.mostBytes += most;
    if (this.leastBytes > CONTEXT_LIMITS.bytes) throw tooLarge();
  }
}

/** Those made here: what else is thrown while a context is read may be anything, and must not be looked at. */
const errors = new WeakSet<object>();

/** The error for a context whose JSON is larger than Flagship accepts. */
export function tooLarge(): FlagshipError {
  return contextError(`it is larger than ${CONTEXT_LIMITS.bytes} bytes of JSON.`);
}

/** The error for a context that cannot be used. Problems name attributes, never their values: they end up in logs. */
export function contextError(problem: string, cause?: unknown): FlagshipError {
  const error = new FlagshipError(
    `The evaluation context cannot be used: ${problem}`,
    FlagshipErrorCode.INVALID_CONTEXT,
    cause,
  );
  errors.add(error);
  return error;
}

/** The error for what was thrown while a context was read: a getter's, or a proxy's, unless it is ours already. */
export function contextReadError(error: unknown): FlagshipError {
  const isOurs = typeof error === 'object' && error !== null && errors.has(error);
  return isOurs ? (error as FlagshipError) : contextError('one of its attributes cannot be read.', error);
}
