import { callSafely } from '../runtime';
import { logLine } from './log-line';

/** Writes one line to a logger of the application's, whose failure changes nothing. */
export function writeSafely<Level extends string>(
  logger: Readonly<Record<Level, (message: string) => unknown>>,
  level: Level,
  message: string,
): void {
  callSafely(() => logger[level](logLine(message)));
}
