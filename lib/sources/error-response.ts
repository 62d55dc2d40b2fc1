import { FlagshipError, FlagshipErrorCode, DefinitiveError } from '../errors';
import { type HttpResponse, isTransientStatus, shortened, TransientError } from '../http';

/** The codes for the OpenFeature error codes that a response may name. */
const FLAGSHIP_CODES: ReadonlyMap<unknown, FlagshipErrorCode> = new Map([
  ['FLAG_NOT_FOUND', FlagshipErrorCode.FLAG_NOT_FOUND],
  ['PARSE_ERROR', FlagshipErrorCode.PARSE_ERROR],
  ['TYPE_MISMATCH', FlagshipErrorCode.TYPE_MISMATCH],
  ['TARGETING_KEY_MISSING', FlagshipErrorCode.TARGETING_KEY_MISSING],
  ['INVALID_CONTEXT', FlagshipErrorCode.INVALID_CONTEXT],
  ['GENERAL', FlagshipErrorCode.GENERAL],
]);
/** The codes for statuses that have one meaning, whatever the body contains. */
const STATUS_CODES: ReadonlyMap<number, FlagshipErrorCode> = new Map([
  [401, FlagshipErrorCode.UNAUTHORIZED],
  [403, FlagshipErrorCode.UNAUTHORIZED],
  [404, FlagshipErrorCode.FLAG_NOT_FOUND],
]);
/** The statuses for which HTTP defines `Retry-After` as the time until another attempt. */
const RETRY_AFTER_STATUSES = new Set([429, 503]);

const REMEDIES: ReadonlyMap<number, string> = new Map([
  [401, 'Check that "authToken" is correct and has not expired.'],
  [404, 'Check the flag\'s key, "appId" and "accountId".'],
  [429, 'Too many requests: set "cacheTtl" or "localEvaluation", or raise "refreshInterval".'],
]);

/** Returns the code for the name of an OpenFeature error code; undefined for other values. */
export function fromOpenFeatureCode(name: unknown): FlagshipErrorCode | undefined {
  return FLAGSHIP_CODES.get(name);
}

/**
 * Returns the error for a response with another status than 2xx.
 *
 * @param permission The permission of the token that the request needs, for the message.
 */
export function responseError(response: HttpResponse, permission = 'Evaluate'): FlagshipError {
  const { status, body, retryAfter, redact = String } = response;
  const { errorCode, errorDetails } = parseErrorBody(body);
  const code = STATUS_CODES.get(status) ?? fromOpenFeatureCode(errorCode) ?? FlagshipErrorCode.NETWORK_ERROR;
  // Redacted before it is shortened, because a part of a token would not be recognized.
  const details = typeof errorDetails === 'string' ? redact(errorDetails) : '';
  const message = errorMessage(status, details, permission);
  if (isTransientStatus(status)) {
    return new TransientError(
      message,
      code,
      RETRY_AFTER_STATUSES.has(status) ? retryAfter : undefined,
      status,
    );
  }
  return isDefinitive(status) ? new DefinitiveError(message, code) : new FlagshipError(message, code);
}

function parseErrorBody(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // The page of a proxy, which has no code and no details.
  }
  return {};
}

function errorMessage(status: number, details: string, permission: string): string {
  const redirect =
    status >= 300 && status < 400
      ? 'Redirects are not followed; set "baseUrl" or "endpoint" to the final address.'
      : '';
  const parts = [
    `Flagship answered HTTP ${status}.`,
    shortened(details),
    status === 403 ? `Check that "authToken" has the ${permission} permission for this account.` : '',
    REMEDIES.get(status) ?? redirect,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/**
 * Whether a status is Flagship's verdict on the flag and the context, such as 400 or 404, so that an older resolution
 * is wrong. 401 and 403 concern the token, and a redirect concerns the address.
 */
function isDefinitive(status: number): boolean {
  return status >= 400 && status !== 401 && status !== 403;
}
