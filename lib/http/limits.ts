import { FlagshipError, FlagshipErrorCode, messageOf } from '../errors';
import { type PrivateRequest } from './private-values';
import { redact } from './redact';
import { isTransientStatus, TransientError } from './transient-error';

/**
 * The largest evaluation answer that is read, in bytes. Flagship's own limit for a value is 10 KB; a megabyte of nested
 * brackets would keep the process busy for a tenth of a second.
 */
export const MAX_RESPONSE_BYTES = 128 * 1024;

/** The largest definitions answer that is read, in bytes. Flagship's own limit is 25 MB. */
export const MAX_DEFINITIONS_BYTES = 32 * 1024 * 1024;

/** How much of a text that this package has not written a message quotes, in characters. */
const MAX_QUOTED = 300;

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

/** What Node says of a connection: nothing of the request, and often in a row. */
const CONNECTION_ERROR = /^(?:connect|read|write) E[A-Z]+(?: [\da-f.:]+)?$|^other side closed$/;
/** How deep the causes of an error are told: a cause may be its own. */
const MAX_CAUSES = 3;

/**
 * The cause goes into the message and no further: what a fetch of the application's throws may hold the request.
 *
 * @param request What its text may quote and must not show.
 */
export function networkError(cause: unknown, request: PrivateRequest): TransientError {
  const said = describe(cause, MAX_CAUSES);
  const reason = CONNECTION_ERROR.test(said) ? said : shortened(redact(said, request));
  return new TransientError(`Flagship cannot be reached: ${reason}`, FlagshipErrorCode.NETWORK_ERROR);
}

/** The end of a provider ends what is under way. */
export function closedError(): TransientError {
  return new TransientError(
    'Flagship cannot be reached: the provider was closed',
    FlagshipErrorCode.NETWORK_ERROR,
  );
}

/** Cuts a text that this package has not written to what a message can take. */
export function shortened(text: string): string {
  return text.length > MAX_QUOTED ? text.slice(0, MAX_QUOTED) : text;
}

/** Final, unless the status says that it may pass: a second download would be as large. */
export function tooLargeError(status: number, maxBytes: number): FlagshipError {
  const problem = `is larger than ${maxBytes} bytes and was refused.`;
  return isTransientStatus(status)
    ? new TransientError(`Flagship's answer, HTTP ${status}, ${problem}`, FlagshipErrorCode.NETWORK_ERROR)
    : new FlagshipError(`The answer ${problem}`, FlagshipErrorCode.PARSE_ERROR);
}

/** Connection errors often carry their reason in `code` or `cause` and leave the message empty. */
function describe(cause: unknown, depth: number): string {
  try {
    if (!(cause instanceof Error)) return messageOf(cause);
    const { code } = cause as NodeJS.ErrnoException;
    const inner = cause.cause instanceof Error && depth > 0 ? ` (${describe(cause.cause, depth - 1)})` : '';
    const words = messageOf(cause);
    return `${words === '' ? (code ?? cause.name) : words}${inner}`;
  } catch {
    return 'an error that cannot be read';
  }
}
