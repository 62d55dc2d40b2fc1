import { messageOf } from '../../errors';
import { FlagshipLogger, framesOf, withoutCredentials } from '../../logging';
import { callSafely } from '../../runtime';

/** Warns about the application's functions: once for each of them and each kind of failure, however often it fails. */
export class OptionWarnings {
  private readonly logger = new FlagshipLogger('FlagshipModule');
  private readonly told = new Set<string>();

  /**
   * @param option The option whose function it is.
   * @param kind What tells this failure from others of the same function.
   * @param line Makes the line to log.
   * @param frames Where it was thrown, a line each.
   */
  warn(option: string, kind: string, line: () => string, frames: readonly string[] = []): void {
    const subject = `${option}: ${kind}`;
    if (this.told.has(subject)) return;
    this.told.add(subject);
    // An error without a text must not reach the request.
    callSafely(() => {
      this.logger.warn(line(), ...frames);
    });
  }

  /** Warns that a function has thrown or rejected. */
  failed(option: string, error: unknown): void {
    const line = (): string =>
      `Option "${option}" failed; requests go on without what it would have added. ${withoutCredentials(messageOf(error))}`;
    this.warn(option, 'failed', line, framesOf(error));
  }
}
