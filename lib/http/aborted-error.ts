import { FlagshipError, FlagshipErrorCode } from '../errors';

/**
 * The application has aborted its requests (the `signal` of option "fetchOptions"). Says nothing of Flagship: it is not
 * repeated, and the circuit does not count it.
 */
export class AbortedError extends FlagshipError {
  constructor() {
    super(
      'The signal of option "fetchOptions" is aborted; nothing is sent.',
      FlagshipErrorCode.NETWORK_ERROR,
    );
  }
}
