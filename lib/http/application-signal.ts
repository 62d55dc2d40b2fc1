import { callSafely } from '../runtime';

/** The members of an `AbortSignal` that are used. A polyfill's signal has them as well. */
type SignalLike = Pick<AbortSignal, 'aborted' | 'addEventListener' | 'removeEventListener'>;

function isSignal(value: unknown): value is SignalLike {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<SignalLike>).addEventListener === 'function' &&
    typeof (value as Partial<SignalLike>).removeEventListener === 'function'
  );
}

/** The `signal` of option "fetchOptions". One listener serves all requests and is removed when the client closes. */
export class ApplicationSignal {
  private isAttached = false;

  private constructor(
    private readonly signal: SignalLike,
    private readonly onAbort: () => void,
  ) {}

  /** Returns undefined when the option holds no signal. */
  static of(value: unknown, onAbort: () => void): ApplicationSignal | undefined {
    return isSignal(value) ? new ApplicationSignal(value, onAbort) : undefined;
  }

  get isAborted(): boolean {
    return this.signal.aborted;
  }

  attach(): void {
    if (this.isAttached) return;
    this.isAttached = true;
    this.signal.addEventListener('abort', this.onAbort);
  }

  detach(): void {
    this.isAttached = false;
    callSafely(() => {
      this.signal.removeEventListener('abort', this.onAbort);
    });
  }
}
