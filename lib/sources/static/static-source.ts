import { configurationError, messageOf } from '../../errors';
import { type FlagMap, normalizeFlags, type CompiledDefinitions } from '../../evaluation';
import { type ResolvedSource } from '../../options';
import {
  type ContextAttributes,
  type FlagSource,
  type Resolution,
  type SourceListener,
} from '../flag-source';
import { changedKeys, digestFlag, writableFlags } from '../flag-digest';
import { FlagsFile } from './flags-file';
import { LastGoodFlags } from './last-good-flags';

type StaticOptions = Extract<ResolvedSource, { kind: 'static' }>;

/** Evaluates flags that were given as an object or stand in a file. */
export class StaticSource implements FlagSource {
  private readonly file: FlagsFile | undefined;
  private readonly flags: LastGoodFlags;
  private ruleset: CompiledDefinitions;

  /** @throws FlagshipError `CONFIGURATION_ERROR` when the file cannot be read, or file or object hold no flags. */
  constructor(
    { definitions, accountId }: StaticOptions,
    private readonly listener: SourceListener,
  ) {
    const warn = (problem: string): void => {
      listener.warn(problem);
    };
    this.flags = new LastGoodFlags(accountId, warn);
    this.file =
      typeof definitions === 'string'
        ? new FlagsFile(
            definitions,
            (edited) => {
              this.replace(edited);
            },
            warn,
          )
        : undefined;
    this.ruleset = this.flags.accept(this.file?.read() ?? flagsOfOption(definitions));
  }

  open(): Promise<void> {
    this.file?.watch();
    return Promise.resolve();
  }

  evaluate(flagKey: string, context: ContextAttributes): Resolution {
    return this.ruleset.evaluate(flagKey, context);
  }

  refresh(): Promise<boolean> {
    return this.file?.refresh() ?? Promise.resolve(true);
  }

  stats(): undefined {
    return undefined;
  }

  detachStore(): void {
    // Nothing is lent to it.
  }

  flagKeys(): ReadonlySet<string> {
    return new Set(this.ruleset.keys);
  }

  close(): Promise<void> {
    this.file?.close();
    return Promise.resolve();
  }

  private replace(edited: FlagMap): void {
    const before = digestsOf(this.flags.current);
    this.ruleset = this.flags.accept(writableFlags(edited));
    const changed = changedKeys(before, digestsOf(this.flags.current));
    if (changed.length > 0) this.listener.changed(changed);
  }
}

function digestsOf(flags: FlagMap): Map<string, string> {
  return new Map([...flags].map(([key, definition]) => [key, digestFlag(key, definition).digest]));
}

/**
 * A copy as JSON has it, flag by flag: what is answered does not change when the caller's object does, and a flag that
 * cannot be copied is malformed.
 *
 * @throws FlagsShapeError When the input as a whole is not an object of flags.
 */
export function flagsOf(input: unknown): FlagMap {
  const { toJSON } = Object(input) as { toJSON?: unknown };
  return normalizeFlags(typeof toJSON === 'function' ? toJSON.call(input) : input, copyOf);
}

/** What is `undefined` is not there, as in JSON. */
function copyOf(value: unknown): unknown {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new Error(`a ${typeof value} cannot be written as JSON`);
  return JSON.parse(text);
}

function flagsOfOption(definitions: unknown): FlagMap {
  try {
    return flagsOf(definitions);
  } catch (error) {
    const [reason] = messageOf(error).split('\n', 1);
    throw configurationError(`option "definitions" cannot be used: ${reason ?? ''}`);
  }
}
