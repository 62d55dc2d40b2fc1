/**
 * The kind of a failure, by Flagship's names. The provider translates each to an OpenFeature error code, which is given
 * in brackets where it differs.
 *
 * @example
 * if (error instanceof FlagshipError && error.code === FlagshipErrorCode.TIMEOUT_ERROR) retryLater();
 */
export enum FlagshipErrorCode {
  /** No usable response: the connection was refused or cut, or the HTTP status is an error [`GENERAL`]. */
  NETWORK_ERROR = 'NETWORK_ERROR',
  /** Flagship refused the token: HTTP 401 or 403 [`GENERAL`; `PROVIDER_FATAL` at the start of local evaluation]. */
  UNAUTHORIZED = 'UNAUTHORIZED',
  /** The time limit ended before the response was complete [`GENERAL`]. */
  TIMEOUT_ERROR = 'TIMEOUT_ERROR',
  /** The response, or the flag's definition, is not in the format that Flagship documents. */
  PARSE_ERROR = 'PARSE_ERROR',
  /** The evaluation context cannot be sent: it is beyond the limits, or holds a value that JSON cannot hold. */
  INVALID_CONTEXT = 'INVALID_CONTEXT',
  /** The flag does not exist in this app. */
  FLAG_NOT_FOUND = 'FLAG_NOT_FOUND',
  /** The flag's value is not of the requested type. */
  TYPE_MISMATCH = 'TYPE_MISMATCH',
  /** The flag needs a targeting key, and the context has none. */
  TARGETING_KEY_MISSING = 'TARGETING_KEY_MISSING',
  /** The provider is closed, or has no definitions yet. */
  PROVIDER_NOT_READY = 'PROVIDER_NOT_READY',
  /** An option is missing, malformed or in conflict with another one. Thrown at start only [`PROVIDER_FATAL`]. */
  CONFIGURATION_ERROR = 'CONFIGURATION_ERROR',
  /** Any other failure. */
  GENERAL = 'GENERAL',
}
