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
