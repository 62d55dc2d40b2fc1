import { FlagshipError, FlagshipErrorCode } from '../errors';

/** The error of an evaluation after the provider's end. */
export function closedError(): FlagshipError {
  return new FlagshipError(
    'The provider is closed; register it again to open it.',
    FlagshipErrorCode.PROVIDER_NOT_READY,
  );
}

/** The error of an evaluation whose key is no text. */
export function keyError(key: unknown): FlagshipError {
  return new FlagshipError(
    `A flag's key is text, but a ${typeof key} was given.`,
    FlagshipErrorCode.FLAG_NOT_FOUND,
  );
}
