import { messageOf } from '../../errors';
import { FlagshipLogger, framesOf, withoutCredentials } from '../../logging';
import { callSafely } from '../../runtime';

/** Logs warnings about functions that the application passed as options, once per option and kind of failure. */
export class OptionWarnings {
  private readonly logger = new FlagshipLogger('FlagshipModule');
  private readonly reported = new Set<string>();

  /**
   * Logs a warning, unless one about the same option and kind has been logged before.
   *
   * @param option The name of the option.
   * @param kind The kind of failure, which distinguishes it from other failures of the same option.
   * @param line Returns the line to log; called only if the line is logged.
   * @param frames The stack frames of the error, one line each.
   */
  warn(option: string, kind: string, line: () => string, frames: readonly string[] = []): void {
    const subject = `${option}: ${kind}`;
    if (this.reported.has(subject)) return;
    this.reported.add(subject);
    // `line` reads the application's error; if that throws, the request must not fail.
    callSafely(() => {
      this.logger.warn(line(), ...frames);
    });
  }

  /** Logs that the function of an option has thrown or rejected. */
  failed(option: string, error: unknown): void {
    const line = (): string =>
      `Option "${option}" failed; requests go on without what it would have added. ${withoutCredentials(messageOf(error))}`;
    this.warn(option, 'failed', line, framesOf(error));
  }
}
