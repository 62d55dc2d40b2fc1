import { FlagshipError, FlagshipErrorCode } from '../errors';

/** The error of an evaluation after the provider's end. */
export function closedError(): FlagshipError {
  return new FlagshipError(
    'The provider is closed; register it again to open it.',
    FlagshipErrorCode.PROVIDER_NOT_READY,
  );
}

/** The error of an evaluation whose key no flag can have. */
export function keyError(problem: string): FlagshipError {
  return new FlagshipError(problem, FlagshipErrorCode.FLAG_NOT_FOUND);
}
