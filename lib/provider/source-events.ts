import { Logger } from '@nestjs/common';
import { ErrorCode, type OpenFeatureEventEmitter, ProviderEvents } from '@openfeature/server-sdk';
import { type SourceListener } from '../sources';

/** Turns what a source tells into the provider's events. */
export class SourceEvents implements SourceListener {
  private readonly logger = new Logger('Flagship');
  private isStarting = false;
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
      if (this.heldBack !== undefined) this.stale(this.heldBack);
    };
    // One turn later OpenFeature has asked to be told of the end; who asks after it is told after it.
    queueMicrotask(() => void start.then(end, end));
  }

  changed(flagsChanged: string[]): void {
    this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged });
  }

  stale(message: string): void {
    if (this.isStarting) this.heldBack = message;
    else this.events.emit(ProviderEvents.Stale, { message });
  }

  recovered(): void {
    this.events.emit(ProviderEvents.Ready);
  }

  failed(message: string): void {
    this.events.emit(ProviderEvents.Error, { message, errorCode: ErrorCode.PROVIDER_FATAL });
  }

  warn(problem: string): void {
    this.logger.warn(problem);
  }
}
