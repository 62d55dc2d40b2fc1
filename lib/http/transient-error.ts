import { FlagshipError, type FlagshipErrorCode } from '../errors';

/** A failure that may pass: the attempt is worth repeating. */
export class TransientError extends FlagshipError {
  /** @param retryAfter What the `Retry-After` header says, as it came. */
  constructor(
    message: string,
    code: FlagshipErrorCode,
    readonly retryAfter?: string,
  ) {
    super(message, code);
  }
}
