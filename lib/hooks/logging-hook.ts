import {
  type EvaluationContext,
  type EvaluationDetails,
  type FlagValue,
  type Hook,
  type HookContext,
} from '@openfeature/server-sdk';
import { FlagshipLogger, writeSafely } from '../logging';

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
    const { value, variant = 'no variant', reason = 'no reason' } = details;
    writeSafely(
      this.logger,
      'log',
      `Flag "${flagKey}" is ${shown(value)} (${variant}, ${reason})${this.told(context)}`,
    );
  }

  /** Called by OpenFeature after an evaluation that has none. */
  error({ flagKey, context, defaultValue }: Readonly<HookContext>, error: unknown): void {
    const { code = 'GENERAL', message = String(error) } = (error ?? {}) as {
      code?: string;
      message?: string;
    };
    writeSafely(
      this.logger,
      'warn',
      `Flag "${flagKey}" stays at its default ${shown(defaultValue)} (${code}): ${message}${this.told(context)}`,
    );
  }

  private told(context: EvaluationContext): string {
    if (this.context === false) return '';
    const names =
      this.context === true
        ? Object.keys(context)
        : this.context.filter((name) => Object.hasOwn(context, name));
    return ` for {${names.map((name) => `${shown(name)}:${shownAttribute(context, name)}`).join(',')}}`;
  }
}

/** What is no JSON must not fail the evaluation that is written about. */
function shown(value: unknown): string {
  try {
    const text: unknown = JSON.stringify(value);
    return typeof text === 'string' ? text : `"(${typeof value})"`;
  } catch {
    return '"(not JSON)"';
  }
}

function shownAttribute(context: EvaluationContext, name: string): string {
  try {
    return shown(context[name]);
  } catch {
    return '"(unreadable)"';
  }
}
