import { messageOf } from '../errors';
import { withoutTrace } from '../http';
import { callSafely } from '../runtime';
import { type SourceListener } from './flag-source';

/**
 * Calls a listener outside of the request that causes an event: otherwise the application's handlers would evaluate
 * flags for that request's user. What the listener throws is reported and dropped, so that it ends neither loads nor
 * timers.
 */
export class SafeListener implements SourceListener {
  constructor(private readonly listener: SourceListener) {}

  changed(flagsChanged: string[]): void {
    this.call((listener) => {
      listener.changed(flagsChanged);
    });
  }

  stale(reason: string): void {
    this.call((listener) => {
      listener.stale(reason);
    });
  }

  recovered(): void {
    this.call((listener) => {
      listener.recovered();
    });
  }

  failed(reason: string): void {
    this.call((listener) => {
      listener.failed(reason);
    });
  }

  warn(problem: string): void {
    this.call((listener) => {
      listener.warn(problem);
    });
  }

  info(news: string): void {
    this.call((listener) => {
      listener.info(news);
    });
  }

  private call(notify: (listener: SourceListener) => void): void {
    const { listener } = this;
    callSafely(
      () => {
        withoutTrace(() => {
          notify(listener);
        });
      },
      (error) => {
        listener.warn(`A listener of the flags has failed: ${messageOf(error)}`);
      },
    );
  }
}
