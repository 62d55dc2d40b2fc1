import { FlagshipError, FlagshipErrorCode, DefinitiveError } from '../errors';
import { type HttpResponse, isTransientStatus, shortened, TransientError } from '../http';

/** OpenFeature error codes that an answer may name, and what they are here. */
const NAMED_CODES: ReadonlyMap<unknown, FlagshipErrorCode> = new Map([
  ['FLAG_NOT_FOUND', FlagshipErrorCode.FLAG_NOT_FOUND],
  ['PARSE_ERROR', FlagshipErrorCode.PARSE_ERROR],
  ['TYPE_MISMATCH', FlagshipErrorCode.TYPE_MISMATCH],
  ['TARGETING_KEY_MISSING', FlagshipErrorCode.TARGETING_KEY_MISSING],
  ['INVALID_CONTEXT', FlagshipErrorCode.INVALID_CONTEXT],
  ['GENERAL', FlagshipErrorCode.GENERAL],
]);
/** Where the status alone says it, whatever the body says. */
const CODES_OF_STATUS: ReadonlyMap<number, FlagshipErrorCode> = new Map([
  [401, FlagshipErrorCode.UNAUTHORIZED],
  [403, FlagshipErrorCode.UNAUTHORIZED],
  [404, FlagshipErrorCode.FLAG_NOT_FOUND],
]);
/** Where a `Retry-After` means what it says. */
const RETRY_AFTER_STATUSES = new Set([429, 503]);

/** The error code for OpenFeature's name of it. */
export function namedCode(name: unknown): FlagshipErrorCode | undefined {
  return NAMED_CODES.get(name);
}

const remedies: ReadonlyMap<number, string> = new Map([
  [401, 'Is "authToken" right, and not expired?'],
  [404, 'Are the flag, "appId" and "accountId" right?'],
  [429, 'Too many calls: set "cacheTtl" or "localEvaluation", or raise "refreshInterval".'],
]);

function readBody(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // A page from a proxy: the status alone has to do.
  }
  return {};
}

function messageOf(status: number, details: string, permission: string): string {
  const redirect =
    status >= 300 && status < 400
      ? 'Redirects are not followed; set "baseUrl" or "endpoint" to the final address.'
      : '';
  const parts = [
    `Flagship answered HTTP ${status}.`,
    shortened(details),
    status === 403 ? `Does "authToken" have the ${permission} permission for this account?` : '',
    remedies.get(status) ?? redirect,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** 400, 404 and the like judge the question; 401 and 403 the token, and a redirect nothing at all. */
function isDefinitive(status: number): boolean {
  return status >= 400 && status !== 401 && status !== 403;
}

/** The error that an answer other than 2xx stands for. */
export function errorOfResponse(answer: HttpResponse, permission = 'Evaluate'): FlagshipError {
  const { status, body, retryAfter, redact = String } = answer;
  const { errorCode, errorDetails } = readBody(body);
  const code = CODES_OF_STATUS.get(status) ?? namedCode(errorCode) ?? FlagshipErrorCode.NETWORK_ERROR;
  // Before the text is cut: half a token is too much as well.
  const details = typeof errorDetails === 'string' ? redact(errorDetails) : '';
  const message = messageOf(status, details, permission);
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
