import { FlagshipError, FlagshipErrorCode, describeValue } from '../errors';

/** The limits of Flagship for an evaluation context. */
export const CONTEXT_LIMITS = {
  /** Number of attributes at the top level. */
  attributes: 100,
  /** Depth of nested objects and lists; the context itself is the first level. */
  levels: 10,
  /** Number of texts, numbers, booleans, nulls, dates, objects and lists on all levels. */
  values: 10_000,
  /** Size of the context as JSON in UTF-8. */
  bytes: 32 * 1024,
} as const;

/** The most bytes of one character in JSON, such as the escape `\u0000`. */
export const MAX_CHARACTER_BYTES = 6;
/** The most bytes of a number in JSON. It is more than those of `true`, `null` or the ISO 8601 text of a date. */
export const MAX_SCALAR_BYTES = 32;
/** The bytes around a text in JSON: two quotes, and a colon or a comma. */
export const TEXT_FRAME_BYTES = 3;

/** Counts the content of a context while it is copied, and throws at the first value beyond the limits. */
export class ContextMeter {
  private values = 0;
  /** Bounds of the JSON's size. Measuring it exactly costs more than the whole copy. */
  private leastBytes = 0;
  private mostBytes = 0;

  /** Whether the JSON may be larger than Flagship accepts, so that it must be measured exactly. */
  get mayBeTooLarge(): boolean {
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
   * Counts values of a bounded size: scalars other than text, and objects and lists, whose content is counted by
   * itself.
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
    if (this.leastBytes > CONTEXT_LIMITS.bytes) throw contextTooLarge();
  }
}

/** The errors of {@link contextError}. Other thrown values may be proxies, so that reading one could throw again. */
const contextErrors = new WeakSet<object>();

/** Returns the error of a context whose JSON is larger than Flagship accepts. */
export function contextTooLarge(): FlagshipError {
  return contextError(`it is larger than ${CONTEXT_LIMITS.bytes} bytes of JSON.`);
}

/**
 * Returns the error of a context that cannot be used.
 *
 * @param problem May name attributes, never their values, because it may be logged.
 */
export function contextError(problem: string, cause?: unknown): FlagshipError {
  const error = new FlagshipError(
    `The evaluation context cannot be used: ${problem}`,
    FlagshipErrorCode.INVALID_CONTEXT,
    cause,
  );
  contextErrors.add(error);
  return error;
}

/** Returns the error for a value that was thrown while a context was read, such as by a getter or a proxy. */
export function contextReadError(error: unknown): FlagshipError {
  const isContextError = typeof error === 'object' && error !== null && contextErrors.has(error);
  return isContextError
    ? (error as FlagshipError)
    : contextError('one of its attributes cannot be read.', error);
}
