import { ErrorCode, type OpenFeatureEventEmitter, ProviderEvents } from '@openfeature/server-sdk';
import { FlagshipLogger, LogLimit } from '../logging';
import { type SourceListener } from '../sources';

/** Turns the notifications of a source into events of the provider and lines in the log. */
export class SourceEvents implements SourceListener {
  private readonly logger = new FlagshipLogger('Flagship');
  private readonly limit = new LogLimit();
  /** Whether the provider's start is under way. */
  private isStarting = false;
  /** Whether a stale event was emitted, and no ready event since. */
  private isStale = false;
  /** Whether a line in the log says that the flags are stale, so that another one must say that they have recovered. */
  private isStaleLogged = false;
  /** The reason of a stale event that came during the start. */
  private postponedStale: string | undefined;

  constructor(private readonly events: OpenFeatureEventEmitter) {}

  /**
   * Postpones stale events until the provider's start has ended. OpenFeature sets the provider's state to `READY` at
   * that moment, which would hide an earlier stale event.
   */
  follow(start: Promise<void>): void {
    this.isStarting = true;
    this.postponedStale = undefined;
    const end = (): void => {
      this.isStarting = false;
      // The start itself has written a line about the older definitions that it uses.
      if (this.postponedStale !== undefined) this.emitStale(this.postponedStale, true);
    };
    // Callbacks run in the order in which they are added. In the next microtask OpenFeature has added its own.
    queueMicrotask(() => void start.then(end, end));
  }

  changed(flagsChanged: string[]): void {
    this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged });
  }

  /**
   * Emits a stale event and logs it. For a remote source it means that the circuit breaker is open: evaluations resolve
   * with cached values, which may be out of date, or with defaults.
   */
  stale(message: string): void {
    if (this.isStarting) {
      this.postponedStale = message;
      return;
    }
    const line = this.limit.admit(`Flags may be out of date: ${message}`);
    if (line !== undefined) this.logger.warn(line);
    this.emitStale(message, line !== undefined);
  }

  recovered(): void {
    if (this.isStale && this.isStaleLogged) this.logger.log('Flags are up to date again.');
    this.isStale = false;
    this.events.emit(ProviderEvents.Ready);
  }

  failed(message: string): void {
    this.events.emit(ProviderEvents.Error, { message, errorCode: ErrorCode.PROVIDER_FATAL });
  }

  warn(problem: string): void {
    this.logger.warn(problem);
  }

  info(news: string): void {
    this.logger.log(news);
  }

  /**
   * @param isLogged Whether the log has a line about it. An unsteady connection is logged once a minute, and its
   * recovery only after a logged failure.
   */
  private emitStale(message: string, isLogged: boolean): void {
    this.isStale = true;
    this.isStaleLogged = isLogged;
    this.events.emit(ProviderEvents.Stale, { message });
  }
}
