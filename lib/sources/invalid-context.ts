import { type FlagshipError, FlagshipErrorCode, VerdictError } from '../errors';

/** Names the attributes, never their values: the message ends up in logs. */
export function invalidContext(problem: string): FlagshipError {
  return new VerdictError(
    `The evaluation context cannot be sent: ${problem}`,
    FlagshipErrorCode.INVALID_CONTEXT,
  );
}
