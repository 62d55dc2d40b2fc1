import { FlagshipError, FlagshipErrorCode } from '../errors';
import { isTransientStatus, TransientError } from './transient-error';

/**
 * The largest evaluation answer that is read, in bytes. Flagship's own limit for a value is 10 KB; a megabyte of nested
 * brackets would keep the process busy for a tenth of a second.
 */
export const MAX_ANSWER_BYTES = 128 * 1024;

/** The largest definitions answer that is read, in bytes. Flagship's own limit is 25 MB. */
export const MAX_DEFINITIONS_BYTES = 32 * 1024 * 1024;

/** A time limit, and the option that set it. */
export interface TimeLimit {
  readonly option: 'timeout' | 'deadline';
  readonly value: number;
}

export function timeoutError({ option, value }: TimeLimit): TransientError {
  return new TransientError(
    `No complete answer within ${value} ms (option "${option}").`,
    FlagshipErrorCode.TIMEOUT_ERROR,
  );
}

/** The cause goes into the message and no further: what a fetch of the user's throws may hold the request's headers. */
export function networkError(cause: unknown): TransientError {
  return new TransientError(
    `Flagship cannot be reached: ${describe(cause)}`,
    FlagshipErrorCode.NETWORK_ERROR,
  );
}

/** Final, unless the status says that it may pass: a second download would be as large. */
export function tooLargeError(status: number, maxBytes: number): FlagshipError {
  const problem = `is larger than ${maxBytes} bytes and was refused.`;
  return isTransientStatus(status)
    ? new TransientError(`Flagship's answer, HTTP ${status}, ${problem}`, FlagshipErrorCode.NETWORK_ERROR)
    : new FlagshipError(`The answer ${problem}`, FlagshipErrorCode.PARSE_ERROR);
}

/** Connection errors often carry their reason in `code` or `cause` and leave the message empty. */
function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  const inner = cause.cause instanceof Error ? ` (${describe(cause.cause)})` : '';
  const words = cause.message === '' ? (code ?? cause.name) : cause.message;
  return `${words}${inner}`;
}
