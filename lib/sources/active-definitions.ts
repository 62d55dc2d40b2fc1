import { setImmediate } from 'node:timers/promises';
import { FlagshipError, FlagshipErrorCode } from '../errors';
import { CompiledDefinitions, type FlagMap } from '../evaluation';
import { type Attributes, type FlagMetadata } from '../types';
import { changedKeys, digestFlag } from './flag-digest';
import { type Resolution, type SourceListener } from './flag-source';

/** The longest time that compiling blocks other work, in milliseconds. */
const SLICE_MS = 8;

/** Definitions that are ready to be put in force, with a digest of each flag to compare with the next ones'. */
export interface DigestedDefinitions {
  readonly definitions: CompiledDefinitions;
  readonly digests: ReadonlyMap<string, string>;
}

/**
 * Compiles flags in slices, so that thousands of them do not delay requests.
 *
 * @param accountId Seeds the rollouts.
 * @param flagSet The metadata of every answer.
 */
export async function compileInSlices(
  flags: FlagMap,
  accountId: string,
  flagSet: FlagMetadata | undefined,
): Promise<DigestedDefinitions> {
  const definitions = new CompiledDefinitions([], accountId, flagSet);
  const digests = new Map<string, string>();
  let sliceEnd = performance.now() + SLICE_MS;
  for (const [key, original] of flags) {
    const { definition, digest } = digestFlag(key, original);
    definitions.add(key, definition);
    digests.set(key, digest);
    if (performance.now() < sliceEnd) continue;
    await setImmediate();
    sliceEnd = performance.now() + SLICE_MS;
  }
  return { definitions, digests };
}

/** The definitions in force, and the one way to replace them, wherever the new ones come from. */
export class ActiveDefinitions {
  private current: DigestedDefinitions | undefined;

  constructor(private readonly listener: Pick<SourceListener, 'changed'>) {}

  get isLoaded(): boolean {
    return this.current !== undefined;
  }

  /** The keys of the flags; undefined while there are no definitions. */
  get keys(): ReadonlySet<string> | undefined {
    return this.current && new Set(this.current.definitions.keys);
  }

  /**
   * Evaluates a flag.
   *
   * @returns The resolution by the definitions in force.
   * @throws FlagshipError `PROVIDER_NOT_READY` while there are no definitions, `FLAG_NOT_FOUND`, or `PARSE_ERROR` for a
   * malformed flag.
   */
  evaluate(flagKey: string, context: Attributes): Resolution {
    if (this.current === undefined) {
      throw new FlagshipError(
        'The definitions have not been loaded yet.',
        FlagshipErrorCode.PROVIDER_NOT_READY,
      );
    }
    return this.current.definitions.evaluate(flagKey, context);
  }

  /** Returns the metadata of a flag and its app; undefined while there are no definitions. */
  metadataOf(flagKey: string): FlagMetadata | undefined {
    return this.current?.definitions.metadataOf(flagKey);
  }

  /**
   * Puts definitions in force. If there were some before, reports the flags that have changed.
   *
   * @returns The keys of the flags that are new, gone or defined otherwise than before.
   */
  apply(next: DigestedDefinitions): string[] {
    const before = this.current;
    this.current = next;
    const changed = changedKeys(before?.digests ?? new Map<string, string>(), next.digests);
    if (before !== undefined && changed.length > 0) this.listener.changed(changed);
    return changed;
  }

  /** Drops the definitions: evaluations fail with `PROVIDER_NOT_READY` from now on. */
  clear(): void {
    this.current = undefined;
  }
}
