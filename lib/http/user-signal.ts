import { callSafely } from '../runtime';

/** What of an `AbortSignal`, or of a polyfill's, is used. */
type Signal = Pick<AbortSignal, 'aborted' | 'addEventListener' | 'removeEventListener'>;

function isSignal(value: unknown): value is Signal {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Signal>).addEventListener === 'function' &&
    typeof (value as Partial<Signal>).removeEventListener === 'function'
  );
}

/** The `signal` of option "fetchOptions". One listener serves all requests, and goes when the client closes. */
export class UserSignal {
  private isListening = false;

  private constructor(
    private readonly signal: Signal,
    private readonly onAbort: () => void,
  ) {}

  /** Nothing where there is no signal. */
  static of(value: unknown, onAbort: () => void): UserSignal | undefined {
    return isSignal(value) ? new UserSignal(value, onAbort) : undefined;
  }

  get isAborted(): boolean {
    return this.signal.aborted;
  }

  attach(): void {
    if (this.isListening) return;
    this.isListening = true;
    this.signal.addEventListener('abort', this.onAbort);
  }

  detach(): void {
    this.isListening = false;
    callSafely(() => {
      this.signal.removeEventListener('abort', this.onAbort);
    });
  }
}
