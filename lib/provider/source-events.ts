import { Logger } from '@nestjs/common';
import { ErrorCode, type OpenFeatureEventEmitter, ProviderEvents } from '@openfeature/server-sdk';
import { LogLimit } from '../errors';
import { type SourceListener } from '../sources';

/** Turns what a source tells into the provider's events. */
export class SourceEvents implements SourceListener {
  private readonly logger = new Logger('Flagship');
  private readonly limit = new LogLimit();
  private isStarting = false;
  private isStale = false;
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
      if (this.heldBack !== undefined) this.tellStale(this.heldBack);
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
    this.log('warn', `Flags may be out of date: ${message}`);
    this.tellStale(message);
  }

  recovered(): void {
    if (this.isStale) this.log('log', 'Flags are up to date again.');
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

  private tellStale(message: string): void {
    this.isStale = true;
    this.events.emit(ProviderEvents.Stale, { message });
  }

  /** A connection that comes and goes says so once a minute. */
  private log(level: 'log' | 'warn', message: string): void {
    const line = this.limit.pass(message);
    if (line !== undefined) this.logger[level](line);
  }
}
