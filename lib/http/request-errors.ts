import { FlagshipError, FlagshipErrorCode, messageOf } from '../errors';
import { type TimeLimit } from './limits';
import { type PrivateRequest } from './private-values';
import { redact } from './redact';

/** A failure that may pass: the attempt is retried, and the circuit breaker counts it. */
export class TransientError extends FlagshipError {
  /**
   * @param retryAfter The value of the `Retry-After` header, unparsed.
   * @param status The HTTP status, if there was a response.
   */
  constructor(
    message: string,
    code: FlagshipErrorCode,
    readonly retryAfter?: string,
    readonly status?: number,
  ) {
    super(message, code);
  }
}

/** Whether a failure with this HTTP status may pass: 408, 425, 429 and 5xx. Every other failure is final. */
export function isTransientStatus(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

/**
 * The application has aborted its requests (the `signal` of option "fetchOptions"). This does not show whether Flagship
 * is available: the attempt is not retried, and the circuit breaker does not count it.
 */
export class AbortedError extends FlagshipError {
  constructor() {
    super(
      'The signal of option "fetchOptions" is aborted; no request is sent any more.',
      FlagshipErrorCode.NETWORK_ERROR,
    );
  }
}

/** Returns the error of an attempt that exceeded its time limit. */
export function timeoutError({ option, value }: TimeLimit): TransientError {
  return new TransientError(
    `No complete answer within ${value} ms (option "${option}").`,
    FlagshipErrorCode.TIMEOUT_ERROR,
  );
}

/**
 * Node's messages about a connection. They quote nothing of the request and are frequent, so they need no redaction.
 */
const CONNECTION_ERROR = /^(?:connect|read|write) E[A-Z]+(?: [\da-f.:]+)?$|^other side closed$/;

/**
 * Returns the error of an attempt without a response. It carries the text of the cause, not the cause itself, because
 * an error that a `fetch` of the application's throws may hold the request.
 *
 * @param request The request, whose private values are redacted from the cause's text.
 * @param route The sentence about what the request goes through, if that is not a direct connection.
 */
export function networkError(cause: unknown, request: PrivateRequest, route = ''): TransientError {
  const text = describeCause(cause, MAX_CAUSES);
  const reason = CONNECTION_ERROR.test(text) ? text : shortened(redact(text, request));
  const message = `Flagship cannot be reached: ${reason}`;
  return new TransientError(route === '' ? message : `${message}. ${route}`, FlagshipErrorCode.NETWORK_ERROR);
}

/** Returns the error of a request that was pending when the provider closed. */
export function closedError(): TransientError {
  return new TransientError(
    'Flagship cannot be reached: the provider was closed',
    FlagshipErrorCode.NETWORK_ERROR,
  );
}

/**
 * Returns the error of a response that is too large. It is final, unless the status says that the failure may pass: the
 * next download would be as large.
 */
export function tooLargeError(status: number, maxBytes: number): FlagshipError {
  const problem = `is larger than ${maxBytes} bytes and was refused.`;
  return isTransientStatus(status)
    ? new TransientError(`Flagship's answer, HTTP ${status}, ${problem}`, FlagshipErrorCode.NETWORK_ERROR)
    : new FlagshipError(`The answer ${problem}`, FlagshipErrorCode.PARSE_ERROR);
}

/** Returns the error of a response whose body is not in the coding that its header names. A retry may receive it whole. */
export function undecodableError(
  contentEncoding: string,
  cause: unknown,
  request: PrivateRequest,
): TransientError {
  const coding = shortened(redact(contentEncoding, request));
  return new TransientError(
    `The answer cannot be decoded as "${coding}" (header "content-encoding"): ${messageOf(cause)}.`,
    FlagshipErrorCode.PARSE_ERROR,
  );
}

/** The longest text of other code that a message quotes, in characters. */
const MAX_QUOTED = 300;

/** Cuts a text of other code to the length that a message quotes. */
export function shortened(text: string): string {
  return text.length > MAX_QUOTED ? text.slice(0, MAX_QUOTED) : text;
}

/** How many nested causes are described. An error can be its own cause. */
const MAX_CAUSES = 3;

/**
 * Returns the text of an error. Connection errors often have an empty message, and their reason in `code` or `cause`.
 */
function describeCause(cause: unknown, depth: number): string {
  try {
    if (!(cause instanceof Error)) return messageOf(cause);
    const { code } = cause as NodeJS.ErrnoException;
    const inner =
      cause.cause instanceof Error && depth > 0 ? ` (${describeCause(cause.cause, depth - 1)})` : '';
    const message = messageOf(cause);
    return `${message === '' ? (code ?? cause.name) : message}${inner}`;
  } catch {
    return 'an error that cannot be read';
  }
}
