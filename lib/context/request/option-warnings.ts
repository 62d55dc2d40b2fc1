import { Logger } from '@nestjs/common';
import { callSafely } from '../../runtime';

/** Warns about the application's functions: once for each of them and each kind of failure, however often it fails. */
export class OptionWarnings {
  private readonly logger = new Logger('FlagshipModule');
  private readonly told = new Set<string>();

  /**
   * @param option The option whose function it is.
   * @param kind What tells this failure from others of the same function.
   * @param line Makes the line to log.
   */
  warn(option: string, kind: string, line: () => string): void {
    const subject = `${option}: ${kind}`;
    if (this.told.has(subject)) return;
    this.told.add(subject);
    // Neither an error without a text nor a logger that fails may reach the request.
    callSafely(() => {
      this.logger.warn(line());
    });
  }

  /** Warns that a function has thrown or rejected. */
  failed(option: string, error: unknown): void {
    this.warn(option, 'failed', () => {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return `Option "${option}" failed; requests go on without what it would have added. ${reason}`;
    });
  }
}
