import { type Logger } from '@openfeature/server-sdk';
import { LogLimit, writeSafely } from '../logging';

/** The levels at which an evaluation writes lines. */
export interface Log {
  debug(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/**
 * Writes lines about evaluations to the logger that OpenFeature passes to each evaluation. A logger that throws does
 * not fail the evaluation. A repeated warning or error is written once a minute, because thousands a second would fill
 * the disk.
 */
export class EvaluationLogger {
  private readonly limit = new LogLimit();

  /** Returns the levels of a logger, each call of which is safe. */
  to(logger: Logger): Log {
    const limited = (level: 'warn' | 'error') => (message: string) => {
      const line = this.limit.admit(message);
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
