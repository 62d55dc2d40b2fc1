import { FlagshipError, type FlagshipErrorCode } from '../errors';

/** A failure that may pass: the attempt is worth repeating. */
export class TransientError extends FlagshipError {
  /**
   * @param retryAfter What the `Retry-After` header says, as it came.
   * @param status The HTTP status, where there was one.
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

/** 408, 425, 429 and 5xx may pass; every other failure is final. */
export function isTransientStatus(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}
