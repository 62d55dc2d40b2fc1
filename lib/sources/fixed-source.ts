import { configurationError } from '../errors';
import { normalizeFlags, type Ruleset } from '../evaluation';
import { type ResolvedSource } from '../options';
import { type ContextAttributes, type FlagSource, type Resolution, type SourceListener } from './flag-source';
import { fingerprint } from './fingerprint';
import { FlagsFile, type FlagMap } from './flags-file';
import { LastGoodFlags } from './last-good-flags';

type DefinitionsOptions = Extract<ResolvedSource, { kind: 'definitions' }>;

/** Evaluates flags that were given as an object or stand in a file. */
export class FixedSource implements FlagSource {
  private readonly file: FlagsFile | undefined;
  private readonly flags: LastGoodFlags;
  private ruleset: Ruleset;

  /** @throws FlagshipError `CONFIGURATION_ERROR` when the file cannot be read, or file or object hold no flags. */
  constructor(
    { definitions, accountId }: DefinitionsOptions,
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
    return Promise.resolve(true);
  }

  stats(): undefined {
    return undefined;
  }

  letGo(): void {
    // Nothing is lent to it.
  }

  close(): Promise<void> {
    this.file?.close();
    return Promise.resolve();
  }

  private replace(edited: FlagMap): void {
    const before = prints(this.flags.current);
    this.ruleset = this.flags.accept(edited);
    const now = prints(this.flags.current);
    const changed = [...new Set([...before.keys(), ...now.keys()])].filter(
      (key) => before.get(key) !== now.get(key),
    );
    if (changed.length > 0) this.listener.changed(changed);
  }
}

function prints(flags: FlagMap): Map<string, string> {
  return new Map([...flags].map(([key, definition]) => [key, fingerprint(definition)]));
}

/** A copy as JSON has it: what is answered does not change when the caller's object does. */
export function flagsOf(input: unknown): FlagMap {
  const text = JSON.stringify(input) as string | undefined;
  return normalizeFlags(text === undefined ? undefined : JSON.parse(text));
}

function flagsOfOption(definitions: unknown): FlagMap {
  try {
    return flagsOf(definitions);
  } catch (error) {
    const [reason] = (error as Error).message.split('\n', 1);
    throw configurationError(`option "definitions" cannot be used: ${reason ?? ''}`);
  }
}
