import { type Logger } from '@openfeature/server-sdk';
import { LogLimit, writeSafely } from '../logging';

/** Where evaluations are logged. */
export interface Log {
  debug(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/**
 * Writes to the application's loggers. One that fails must not fail the evaluation it is told about, and a failure that
 * repeats itself a thousand times a second must not fill the disk.
 */
export class EvaluationLog {
  private readonly limit = new LogLimit();

  to(logger: Logger): Log {
    const limited = (level: 'warn' | 'error') => (message: string) => {
      const line = this.limit.pass(message);
      if (line !== undefined) writeSafely(logger, level, line);
    };
    return {
      debug: (message) => {
        writeSafely(logger, 'debug', message);
      },
      warn: limited('warn'),
      error: limited('error'),
    };
  }
}
