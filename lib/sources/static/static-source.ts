import { configurationError, isErrorOf, messageOf } from '../../errors';
import { type FlagMap, FlagsShapeError, normalizeFlags, withFlatMetadata } from '../../evaluation';
import { type ResolvedSource } from '../../options';
import { type Attributes, type FlagMetadata, jsonCopy } from '../../types';
import { ActiveDefinitions } from '../active-definitions';
import { digestFlag, serializableFlags } from '../flag-digest';
import { type FlagSource, type Resolution, type SourceListener } from '../flag-source';
import { FlagsFile } from './flags-file';
import { LastGoodFlags } from './last-good-flags';

/** Evaluates flags of the option `definitions`: an object, or a file whose edits it follows. */
export class StaticSource implements FlagSource {
  private readonly file: FlagsFile | undefined;
  private readonly flags: LastGoodFlags;
  private readonly active: ActiveDefinitions;

  /** @throws FlagshipError `CONFIGURATION_ERROR` when the file cannot be read, or file or object hold no flags. */
  constructor(
    { definitions, accountId }: Extract<ResolvedSource, { kind: 'static' }>,
    listener: SourceListener,
  ) {
    const warn = (problem: string): void => {
      listener.warn(problem);
    };
    const follow = (edited: FlagMap): void => {
      this.apply(serializableFlags(edited));
    };
    this.flags = new LastGoodFlags(accountId, warn);
    this.active = new ActiveDefinitions(listener);
    this.file = typeof definitions === 'string' ? new FlagsFile(definitions, follow, warn) : undefined;
    this.apply(this.file?.read() ?? flagsOfOption(definitions));
  }

  startPolling(): void {
    this.file?.watch();
  }

  evaluate(flagKey: string, context: Attributes): Resolution {
    return this.active.evaluate(flagKey, context);
  }

  metadataOf(flagKey: string): FlagMetadata | undefined {
    return this.active.metadataOf(flagKey);
  }

  refresh(): Promise<boolean> {
    return this.file?.refresh() ?? Promise.resolve(true);
  }

  flagKeys(): ReadonlySet<string> | undefined {
    return this.active.keys;
  }

  close(): void {
    this.file?.close();
  }

  private apply(flags: FlagMap): void {
    const definitions = this.flags.accept(flags);
    const digests = [...this.flags.current].map(
      ([key, definition]) => [key, digestFlag(key, definition).digest] as const,
    );
    this.active.apply({ definitions, digests: new Map(digests) });
  }
}

/**
 * Copies flags as JSON would, flag by flag, so that later changes of the caller's object have no effect, and a flag
 * that cannot be copied is malformed without affecting the others.
 *
 * @returns The definitions by flag key.
 * @throws FlagsShapeError When the input as a whole holds no flags.
 */
export function flagsOf(input: unknown): FlagMap {
  return normalizeFlags(input, (value) => jsonCopy(withFlatMetadata(value)));
}

function flagsOfOption(definitions: unknown): FlagMap {
  try {
    return flagsOf(definitions);
  } catch (error) {
    const [reason] = messageOf(error).split('\n', 1);
    throw configurationError(
      isErrorOf(error, FlagsShapeError)
        ? `option "definitions" must be a JSON file's path or an object or a list of flags. ${reason ?? ''}`
        : `option "definitions" cannot be used: ${reason ?? ''}`,
    );
  }
}
