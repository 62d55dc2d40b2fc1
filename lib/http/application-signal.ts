import { type SignalLike } from '../options';
import { callSafely } from '../runtime';

/** The `signal` of option "fetchOptions". One listener serves all requests and is removed when the client closes. */
export class ApplicationSignal {
  private isAttached = false;

  private constructor(
    private readonly signal: SignalLike,
    private readonly onAbort: () => void,
  ) {}

  /** Returns undefined when the option holds no signal. */
  static of(signal: SignalLike | undefined, onAbort: () => void): ApplicationSignal | undefined {
    return signal && new ApplicationSignal(signal, onAbort);
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
