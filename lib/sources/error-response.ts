import { FlagshipError, FlagshipErrorCode, DefinitiveError } from '../errors';
import { isJsonObject, type JsonObject } from '../evaluation';
import {
  type HttpResponse,
  isTransientStatus,
  type OutgoingRequest,
  redact,
  shortened,
  TransientError,
} from '../http';
import { parseJson } from '../types';
import { remedyFor, type Permission } from './response-remedies';

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
/** The statuses that say that the flag does not exist, or that the context is wrong, whatever the body contains. */
const VERDICT_STATUSES: ReadonlySet<number> = new Set([400, 404, 410, 422]);
/** The statuses for which HTTP defines `Retry-After` as the time until another attempt. */
const RETRY_AFTER_STATUSES = new Set([429, 503]);

/** Returns the code for the name of an OpenFeature error code; undefined for other values. */
export function fromOpenFeatureCode(name: unknown): FlagshipErrorCode | undefined {
  return FLAGSHIP_CODES.get(name);
}

/** Whether a code says nothing about the flag or the context, so that an older resolution may still be right. */
export function isInconclusive(code: FlagshipErrorCode): boolean {
  return code === FlagshipErrorCode.GENERAL || code === FlagshipErrorCode.PARSE_ERROR;
}

/**
 * Returns the error for a response with another status than 2xx.
 *
 * @param request The request as it was sent. The message tells its size, and not its private values.
 * @param permission The permission of the token that the request needs, for the message.
 */
export function responseError(
  response: HttpResponse,
  request: OutgoingRequest,
  permission: Permission,
): FlagshipError {
  const { status, retryAfter } = response;
  const body = parseErrorBody(response.body);
  const reported = reportedCode(body);
  const code = STATUS_CODES.get(status) ?? reported ?? FlagshipErrorCode.NETWORK_ERROR;
  const parts = [
    `Flagship answered HTTP ${status}.`,
    reportedDetails(body, request),
    remedyFor(status, request, permission),
  ];
  const message = parts.filter((part) => part !== '').join(' ');
  if (isTransientStatus(status)) {
    return new TransientError(
      message,
      code,
      RETRY_AFTER_STATUSES.has(status) ? retryAfter : undefined,
      status,
    );
  }
  return isDefinitive(status, reported)
    ? new DefinitiveError(message, code)
    : new FlagshipError(message, code);
}

/** Returns the error of a response whose status is a success, but whose envelope has `success: false`. */
export function envelopeError(envelope: JsonObject, request: OutgoingRequest): FlagshipError {
  const code = reportedCode(envelope) ?? FlagshipErrorCode.GENERAL;
  const details = reportedDetails(envelope, request);
  const message = `Flagship answered "success": false. ${details}`.trimEnd();
  return isInconclusive(code) ? new TransientError(message, code) : new DefinitiveError(message, code);
}

function parseErrorBody(body: string): JsonObject {
  try {
    const parsed = parseJson(body);
    if (isJsonObject(parsed)) return parsed;
  } catch {
    // The page of a proxy, which has no code and no details.
  }
  return {};
}

function reportedCode({ errorCode }: JsonObject): FlagshipErrorCode | undefined {
  return fromOpenFeatureCode(errorCode);
}

/** Returns what the body of an error says went wrong; an empty text if it does not say it. */
function reportedDetails(
  { errorMessage, errorDetails, error, errors }: JsonObject,
  request: OutgoingRequest,
): string {
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const candidates = [errorMessage, errorDetails, error, isJsonObject(first) ? first.message : undefined];
  const details = candidates.find((text) => typeof text === 'string' && text.trim() !== '');
  // Redacted before it is shortened, because a part of a token would not be recognized.
  return typeof details === 'string' ? shortened(redact(details.trim(), request)) : '';
}

/**
 * Whether a failure is Flagship's verdict on the flag and the context, such as 400 or 404, so that an older resolution is
 * wrong. Other statuses concern the token (401, 403), the address (redirects, 421), or a server on the way (405, 407, 413,
 * 414, 431), unless the body names the code of a verdict.
 */
function isDefinitive(status: number, reported: FlagshipErrorCode | undefined): boolean {
  if (VERDICT_STATUSES.has(status)) return true;
  if (status < 400 || STATUS_CODES.has(status)) return false;
  return reported !== undefined && !isInconclusive(reported);
}
