import { callSafely } from '../runtime';
import { logLine } from './log-line';

/**
 * Writes one line to a logger of the application's. A failure is ignored.
 *
 * @param message The line, or a function that returns it.
 */
export function writeSafely<Level extends string>(
  logger: Readonly<Record<Level, (message: string) => unknown>>,
  level: Level,
  message: string | (() => string),
): void {
  callSafely(() => logger[level](logLine(typeof message === 'string' ? message : message())));
}
