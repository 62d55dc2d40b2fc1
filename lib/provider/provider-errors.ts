import { ErrorCode } from '@openfeature/server-sdk';
import { FlagshipError, FlagshipErrorCode, isErrorOf } from '../errors';
import { type FlagMetadata } from '../types';

const OPENFEATURE_CODES: Readonly<Record<FlagshipErrorCode, ErrorCode>> = {
  [FlagshipErrorCode.NETWORK_ERROR]: ErrorCode.GENERAL,
  [FlagshipErrorCode.UNAUTHORIZED]: ErrorCode.GENERAL,
  [FlagshipErrorCode.TIMEOUT_ERROR]: ErrorCode.GENERAL,
  [FlagshipErrorCode.PARSE_ERROR]: ErrorCode.PARSE_ERROR,
  [FlagshipErrorCode.INVALID_CONTEXT]: ErrorCode.INVALID_CONTEXT,
  [FlagshipErrorCode.FLAG_NOT_FOUND]: ErrorCode.FLAG_NOT_FOUND,
  [FlagshipErrorCode.TYPE_MISMATCH]: ErrorCode.TYPE_MISMATCH,
  [FlagshipErrorCode.TARGETING_KEY_MISSING]: ErrorCode.TARGETING_KEY_MISSING,
  [FlagshipErrorCode.PROVIDER_NOT_READY]: ErrorCode.PROVIDER_NOT_READY,
  [FlagshipErrorCode.CONFIGURATION_ERROR]: ErrorCode.PROVIDER_FATAL,
  [FlagshipErrorCode.GENERAL]: ErrorCode.GENERAL,
};

/** Returns the OpenFeature error code of a thrown value; `GENERAL` for values other than a `FlagshipError`. */
export function openFeatureCode(error: unknown): ErrorCode {
  try {
    return isErrorOf(error, FlagshipError) ? OPENFEATURE_CODES[error.code] : ErrorCode.GENERAL;
  } catch {
    // A thrown proxy may throw again when `instanceof` reads its prototype.
    return ErrorCode.GENERAL;
  }
}

/** Returns the metadata of the answer that an error reports, where it has some. */
export function metadataOfError(error: unknown): FlagMetadata | undefined {
  try {
    return isErrorOf(error, FlagshipError) ? error.flagMetadata : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the error of an evaluation by a closed provider. */
export function providerClosedError(): FlagshipError {
  return new FlagshipError(
    'The provider is closed; register it again to open it.',
    FlagshipErrorCode.PROVIDER_NOT_READY,
  );
}

/** Returns the error of an evaluation with an invalid flag key. */
export function keyError(problem: string): FlagshipError {
  return new FlagshipError(problem, FlagshipErrorCode.FLAG_NOT_FOUND);
}
