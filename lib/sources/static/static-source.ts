import { configurationError, messageOf } from '../../errors';
import { type FlagMap, normalizeFlags, withFlatMetadata } from '../../evaluation';
import { type ResolvedSource } from '../../options';
import { type Attributes, type FlagMetadata } from '../../types';
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
 * @throws FlagsShapeError When the input as a whole is not an object of flags.
 */
export function flagsOf(input: unknown): FlagMap {
  const { toJSON } = Object(input) as { toJSON?: unknown };
  return normalizeFlags(typeof toJSON === 'function' ? toJSON.call(input) : input, copyOf);
}

/** Returns undefined for `undefined`, which JSON leaves out. */
function copyOf(value: unknown): unknown {
  if (value === undefined) return undefined;
  const text = JSON.stringify(withFlatMetadata(value)) as string | undefined;
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
