import { messageOf } from '../errors';
import { detachedFromTrace } from '../http';
import { callSafely } from '../runtime';
import { type SourceListener } from './flag-source';

/**
 * Calls a listener outside of the request that happens to set off an event, whose handlers would otherwise evaluate flags
 * for its user; and drops what it throws: neither loads nor timers may end because of a handler of the application's.
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

  note(news: string): void {
    this.call((listener) => {
      listener.note(news);
    });
  }

  private call(tell: (listener: SourceListener) => void): void {
    const { listener } = this;
    callSafely(
      () => {
        detachedFromTrace(() => {
          tell(listener);
        });
      },
      (error) => {
        listener.warn(`A listener of the flags has failed: ${messageOf(error)}`);
      },
    );
  }
}
