import { Logger } from '@nestjs/common';
import { callSafely } from '../runtime';
import { logLine } from './log-line';

/**
 * Nest's logger, and the only way to it: each argument becomes one line (see {@link logLine}), and a logger of the
 * application's that throws changes nothing.
 */
export class FlagshipLogger {
  private readonly logger: Logger;

  /** @param context What stands in brackets before each entry. */
  constructor(context: string) {
    this.logger = new Logger(context);
  }

  log(...lines: readonly string[]): void {
    this.write('log', lines);
  }

  warn(...lines: readonly string[]): void {
    this.write('warn', lines);
  }

  error(...lines: readonly string[]): void {
    this.write('error', lines);
  }

  private write(level: 'log' | 'warn' | 'error', lines: readonly string[]): void {
    callSafely(() => {
      this.logger[level](lines.map(logLine).join('\n'));
    });
  }
}

/** The lines of an error's stack that say where it was thrown; what it says is not among them. */
export function framesOf(error: unknown): string[] {
  try {
    const stack: unknown = error instanceof Error ? error.stack : undefined;
    return typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : [];
  } catch {
    return [];
  }
}
