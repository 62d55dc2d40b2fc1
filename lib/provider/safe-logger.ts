import { type Logger } from '@openfeature/server-sdk';

type Level = 'debug' | 'warn' | 'error';

/** Writes to the application's logger; one that fails must not fail the evaluation it is told about. */
export function safeLogger(logger: Logger): Pick<Logger, Level> {
  const write = (level: Level) => (message: unknown) => {
    try {
      logger[level](message);
    } catch {
      // There is nobody left to tell.
    }
  };
  return { debug: write('debug'), warn: write('warn'), error: write('error') };
}
