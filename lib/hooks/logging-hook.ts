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

/** The logger of a {@link LoggingHook}. A Nest logger and `console` both implement it. */
export interface LoggingHookLogger {
  log(message: string): void;
  warn(message: string): void;
}

/** The options of {@link LoggingHook}. */
export interface LoggingHookOptions {
  /**
   * The logger that receives the lines. If it throws, the evaluation is not affected.
   * @default a Nest `Logger` called "Flagship"
   * @example { logger: console }
   */
  readonly logger?: LoggingHookLogger | undefined;
  /**
   * The attributes of the evaluation context to log: a list of names, or `true` for all. They may be personal data.
   * @default false
   * @example { context: ['plan', 'region'] }
   */
  readonly context?: boolean | readonly string[] | undefined;
  /**
   * The entries of the flag's metadata to log: a list of names, or `true` for all. Lines of failed evaluations have none,
   * because OpenFeature gives hooks no details of a failure.
   * @default false
   * @example { metadata: ['owner', 'version'] }
   */
  readonly metadata?: boolean | readonly string[] | undefined;
}

/**
 * Logs a line for every evaluation: the flag, its value, variant and reason, or the error.
 *
 * @example
 * FlagshipModule.forRoot({ appId: 'shop', accountId: '…', hooks: [new LoggingHook()] });
 */
export class LoggingHook implements Hook {
  private readonly logger: LoggingHookLogger;
  private readonly context: boolean | readonly string[];
  private readonly metadata: boolean | readonly string[];

  /** @param options The logger, and the attributes and metadata to log. */
  constructor(options: LoggingHookOptions = {}) {
    this.logger = options.logger ?? new FlagshipLogger('Flagship');
    this.context = options.context ?? false;
    this.metadata = options.metadata ?? false;
  }

  /** Logs a successful evaluation; OpenFeature calls it. */
  after({ flagKey, context }: Readonly<HookContext>, details: EvaluationDetails<FlagValue>): void {
    this.write('log', () => {
      const { value, variant = 'no variant', reason = 'no reason', flagMetadata } = details;
      const metadata = shownMembers(flagMetadata, this.metadata);
      const withMetadata = metadata === '' ? '' : ` with {${metadata}}`;
      return `Flag "${flagKey}" is ${shownValue(value)} (${variant}, ${reason})${withMetadata}${this.contextText(context)}`;
    });
  }

  /** Logs a failed evaluation; OpenFeature calls it. */
  error({ flagKey, context, defaultValue }: Readonly<HookContext>, error: unknown): void {
    this.write('warn', () => {
      const { code = 'GENERAL', message = messageOf(error) } = (error ?? {}) as {
        code?: string;
        message?: string;
      };
      return `Flag "${flagKey}" stays at its default ${shownValue(defaultValue)} (${code}): ${message}${this.contextText(context)}`;
    });
  }

  private contextText(context: EvaluationContext): string {
    return this.context === false ? '' : ` for {${shownMembers(context, this.context)}}`;
  }

  /** Writes a line; never throws, because an error would fail the evaluation and a rejection could end the process. */
  private write(level: 'log' | 'warn', line: () => string): void {
    const logger: Record<'log' | 'warn', (message: string) => unknown> = this.logger;
    writeSafely(logger, level, line);
  }
}

type Members = Readonly<Record<string, unknown>>;

/** Returns the chosen members of an object as JSON without the braces; empty if there are none. */
function shownMembers(members: Members, chosen: boolean | readonly string[]): string {
  if (chosen === false) return '';
  const names =
    chosen === true ? Object.keys(members) : chosen.filter((name) => Object.hasOwn(members, name));
  return names.map((name) => `${shownValue(name)}:${shownMember(members, name)}`).join(',');
}

function shownMember(members: Members, name: string): string {
  try {
    return shownValue(members[name]);
  } catch {
    return '"(unreadable)"';
  }
}
