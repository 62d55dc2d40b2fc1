import { callSafely } from '../runtime';
import { logLine } from './log-line';

/**
 * Writes one line to a logger of the application's, whose failure changes nothing.
 *
 * @param message The line, or a function that makes it, whose failure changes nothing either.
 */
export function writeSafely<Level extends string>(
  logger: Readonly<Record<Level, (message: string) => unknown>>,
  level: Level,
  message: string | (() => string),
): void {
  callSafely(() => logger[level](logLine(typeof message === 'string' ? message : message())));
}
