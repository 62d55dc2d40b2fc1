import { ErrorCode } from '@openfeature/server-sdk';
import { FlagshipError, FlagshipErrorCode, isErrorOf } from '../errors';

const codes: Readonly<Record<FlagshipErrorCode, ErrorCode>> = {
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

/** The OpenFeature error code for whatever was thrown. */
export function openFeatureCode(error: unknown): ErrorCode {
  try {
    return isErrorOf(error, FlagshipError) ? codes[error.code] : ErrorCode.GENERAL;
  } catch {
    // A proxy that throws when its prototype is looked at.
    return ErrorCode.GENERAL;
  }
}
