import { Logger } from '@nestjs/common';
import { callSafely } from '../runtime';
import { logLine } from './log-line';

/**
 * Writes to Nest's logger. Each argument becomes one line (see {@link logLine}), and a logger of the application's that
 * throws is ignored. All logs of this package go through this class or {@link writeSafely}.
 */
export class FlagshipLogger {
  private readonly logger: Logger;

  /** @param context Nest's context of the entries, shown in brackets. */
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

/** Returns the lines of an error's stack that name its call sites, without its message. */
export function framesOf(error: unknown): string[] {
  try {
    const stack: unknown = error instanceof Error ? error.stack : undefined;
    return typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : [];
  } catch {
    return [];
  }
}
