import { ErrorCode, type OpenFeatureEventEmitter, ProviderEvents } from '@openfeature/server-sdk';
import { FlagshipLogger, LogLimit } from '../logging';
import { type SourceListener } from '../sources';

/** Turns what a source tells into the provider's events. */
export class SourceEvents implements SourceListener {
  private readonly logger = new FlagshipLogger('Flagship');
  private readonly limit = new LogLimit();
  private isStarting = false;
  private isStale = false;
  /** Has the log been told that flags are stale? */
  private isLogged = false;
  private heldBack: string | undefined;

  constructor(private readonly events: OpenFeatureEventEmitter) {}

  /**
   * Follows the provider's start. OpenFeature calls a provider ready when its start ends, so flags that were stale from
   * the first are told about after that.
   */
  follow(start: Promise<void>): void {
    this.isStarting = true;
    this.heldBack = undefined;
    const end = (): void => {
      this.isStarting = false;
      // A start that found older flags has said so itself.
      if (this.heldBack !== undefined) this.emitStale(this.heldBack, true);
    };
    // One turn later OpenFeature has asked to be told of the end; who asks after it is told after it.
    queueMicrotask(() => void start.then(end, end));
  }

  changed(flagsChanged: string[]): void {
    this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged });
  }

  stale(message: string): void {
    if (this.isStarting) {
      this.heldBack = message;
      return;
    }
    const line = this.limit.pass(`Flags may be out of date: ${message}`);
    if (line !== undefined) this.logger.warn(line);
    this.emitStale(message, line !== undefined);
  }

  recovered(): void {
    if (this.isStale && this.isLogged) this.logger.log('Flags are up to date again.');
    this.isStale = false;
    this.events.emit(ProviderEvents.Ready);
  }

  failed(message: string): void {
    this.events.emit(ProviderEvents.Error, { message, errorCode: ErrorCode.PROVIDER_FATAL });
  }

  warn(problem: string): void {
    this.logger.warn(problem);
  }

  note(news: string): void {
    this.logger.log(news);
  }

  /** @param isTold A connection that comes and goes is told of once a minute, its end where its beginning was. */
  private emitStale(message: string, isTold: boolean): void {
    this.isStale = true;
    this.isLogged = isTold;
    this.events.emit(ProviderEvents.Stale, { message });
  }
}
