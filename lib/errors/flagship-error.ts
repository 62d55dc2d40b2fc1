import { type FlagshipErrorCode } from './flagship-error-code';

/**
 * The one error this package throws. Evaluations never throw it at an application (they answer the default
 * with an error code); constructors and `startLocalFlagship` do, when their options are unusable.
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
   * @param message What went wrong and how to mend it.
   * @param code Which kind of failure it is.
   * @param cause The error underneath, if there is one.
   */
  constructor(
    message: string,
    readonly code: FlagshipErrorCode,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}
