import { messageOf } from '../errors';
import { FlagshipLogger } from '../logging';
import { detached, withTimeLimit } from '../runtime';

/** How long the module waits for one callback, in milliseconds. What the callbacks close has shorter limits of its own. */
const CLOSE_LIMIT_MS = 10_000;

/** Callbacks that run when the application closes. */
export class CleanupStack {
  private readonly callbacks: (() => unknown)[] = [];
  private disposed: Promise<void> | undefined;

  /** Adds a callback to run on {@link dispose}; runs it at once when that has been called already. */
  defer(callback: () => unknown): void {
    if (this.disposed === undefined) this.callbacks.unshift(callback);
    else void run(callback);
  }

  /** Starts every callback once, the last added first, and resolves when all have ended. Never rejects. */
  dispose(): Promise<void> {
    // Started one after the other, then awaited together, so that one that throws or hangs does not delay the others.
    this.disposed ??= Promise.all(this.callbacks.splice(0).map(run)).then(() => undefined);
    return this.disposed;
  }
}

async function run(callback: () => unknown): Promise<void> {
  try {
    await detached(() => withTimeLimit('moduleClose', callback, CLOSE_LIMIT_MS));
  } catch (error) {
    new FlagshipLogger('FlagshipModule').warn(`The module did not close as it should. ${messageOf(error)}`);
  }
}
