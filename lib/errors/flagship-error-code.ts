/**
 * What went wrong, in Flagship's words. The provider translates each into an OpenFeature error code
 * (named in brackets where it differs).
 *
 * @example
 * if (error instanceof FlagshipError && error.code === FlagshipErrorCode.TIMEOUT_ERROR) retryLater();
 */
export enum FlagshipErrorCode {
  /** No usable answer: connection refused or cut, or an HTTP status that says so [`GENERAL`]. */
  NETWORK_ERROR = 'NETWORK_ERROR',
  /** The token was refused: HTTP 401 or 403 [`GENERAL`; `PROVIDER_FATAL` when local evaluation starts]. */
  UNAUTHORIZED = 'UNAUTHORIZED',
  /** The time limit passed before the answer was complete [`GENERAL`]. */
  TIMEOUT_ERROR = 'TIMEOUT_ERROR',
  /** The answer, or the flag's definition, is not what Flagship documents. */
  PARSE_ERROR = 'PARSE_ERROR',
  /** The evaluation context holds something that cannot be sent. */
  INVALID_CONTEXT = 'INVALID_CONTEXT',
  /** The flag does not exist in this app. */
  FLAG_NOT_FOUND = 'FLAG_NOT_FOUND',
  /** The flag's value has another type than the one asked for. */
  TYPE_MISMATCH = 'TYPE_MISMATCH',
  /** Flagship needs a targeting key for this flag and the context has none. */
  TARGETING_KEY_MISSING = 'TARGETING_KEY_MISSING',
  /** The provider is closed, or has nothing to answer from yet. */
  PROVIDER_NOT_READY = 'PROVIDER_NOT_READY',
  /** An option is missing, malformed or in conflict with another; thrown at start only [`PROVIDER_FATAL`]. */
  CONFIGURATION_ERROR = 'CONFIGURATION_ERROR',
  /** Anything else. */
  GENERAL = 'GENERAL',
}
