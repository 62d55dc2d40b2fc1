import { type FlagshipErrorCode } from './flagship-error-code';

/**
 * The error class of this package. Evaluations never throw it: they return the default value with an error code. A
 * constructor and `startLocalFlagship` throw it when an option is unusable.
 *
 * @example
 * try {
 *   new FlagshipServerProvider({ appId: 'shop' });
 * } catch (error) {
 *   if (error instanceof FlagshipError) console.error(error.code, error.message);
 * }
 */
export class FlagshipError extends Error {
  override readonly name = 'FlagshipError';

  /**
   * The metadata of the flag, where the answer with the error has some.
   *
   * @internal
   */
  declare flagMetadata?: Readonly<Record<string, string | number | boolean>>;

  /**
   * @param message What went wrong, and how to fix it.
   * @param code The kind of the failure.
   * @param cause The error that caused this one, if there is one.
   */
  constructor(
    message: string,
    readonly code: FlagshipErrorCode,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/**
 * A final result of the evaluation itself, such as a flag that does not exist or a context that cannot be used. A retry
 * would fail in the same way, and a stale resolution would be wrong.
 */
export class DefinitiveError extends FlagshipError {}

/**
 * The evaluation was refused without a request: the circuit is open, or too many evaluations are pending. A stale
 * resolution may be served.
 */
export class UnavailableError extends FlagshipError {}
