import {
  type EvaluationContext,
  type EvaluationDetails,
  type FlagValue,
  type Hook,
  type HookContext,
} from '@openfeature/server-sdk';
import { messageOf } from '../errors';
import { FlagshipLogger, writeSafely } from '../logging';
import { shownValue } from './shown-value';

/** Where a {@link LoggingHook} writes; a Nest logger and `console` both fit. */
export interface LoggingHookLogger {
  log(message: string): void;
  warn(message: string): void;
}

/** How a {@link LoggingHook} writes. */
export interface LoggingHookOptions {
  /**
   * Where to write.
   * @default a Nest `Logger` called "Flagship"
   */
  readonly logger?: LoggingHookLogger;
  /**
   * Attributes of the evaluation context to write along; `true` writes all. Contexts hold personal data: think twice.
   * @default false
   * @example ['plan', 'region']
   */
  readonly context?: boolean | readonly string[];
}

/**
 * Writes a line for every evaluation: the flag, its value, variant and reason, or what went wrong.
 *
 * @example
 * FlagshipModule.forRoot({ appId: 'shop', accountId: '…', hooks: [new LoggingHook()] });
 */
export class LoggingHook implements Hook {
  private readonly logger: LoggingHookLogger;
  private readonly context: boolean | readonly string[];

  constructor(options: LoggingHookOptions = {}) {
    this.logger = options.logger ?? new FlagshipLogger('Flagship');
    this.context = options.context ?? false;
  }

  /** Called by OpenFeature after an evaluation that has an answer. */
  after({ flagKey, context }: Readonly<HookContext>, details: EvaluationDetails<FlagValue>): void {
    this.write('log', () => {
      const { value, variant = 'no variant', reason = 'no reason' } = details;
      return `Flag "${flagKey}" is ${shownValue(value)} (${variant}, ${reason})${this.told(context)}`;
    });
  }

  /** Called by OpenFeature after an evaluation that has none. */
  error({ flagKey, context, defaultValue }: Readonly<HookContext>, error: unknown): void {
    this.write('warn', () => {
      const { code = 'GENERAL', message = messageOf(error) } = (error ?? {}) as {
        code?: string;
        message?: string;
      };
      return `Flag "${flagKey}" stays at its default ${shownValue(defaultValue)} (${code}): ${message}${this.told(context)}`;
    });
  }

  private told(context: EvaluationContext): string {
    if (this.context === false) return '';
    const names =
      this.context === true
        ? Object.keys(context)
        : this.context.filter((name) => Object.hasOwn(context, name));
    return ` for {${names.map((name) => `${shownValue(name)}:${shownAttribute(context, name)}`).join(',')}}`;
  }

  /** OpenFeature would fail the evaluation for what is thrown here, and a rejection could end the process. */
  private write(level: 'log' | 'warn', line: () => string): void {
    const logger: Record<'log' | 'warn', (message: string) => unknown> = this.logger;
    writeSafely(logger, level, line);
  }
}

function shownAttribute(context: EvaluationContext, name: string): string {
  try {
    return shownValue(context[name]);
  } catch {
    return '"(unreadable)"';
  }
}
