import { setImmediate } from 'node:timers/promises';
import { type FlagMap, CompiledDefinitions } from '../evaluation';
import { changedKeys, digestFlag } from './flag-digest';

/** The longest stretch of compiling before other work gets its turn, in milliseconds. */
const SLICE_MS = 8;

/** All flags at one moment: ready to be asked, and to be compared with the next moment's. */
export class ActiveDefinitions {
  private constructor(
    readonly ruleset: CompiledDefinitions,
    private readonly digests: ReadonlyMap<string, string>,
  ) {}

  /** Compiles flags in slices, so that thousands of them do not hold up requests. */
  static async compile(flags: FlagMap, accountId: string): Promise<ActiveDefinitions> {
    const ruleset = new CompiledDefinitions([], accountId);
    const digests = new Map<string, string>();
    let sliceEnd = performance.now() + SLICE_MS;
    for (const [key, given] of flags) {
      const { definition, digest } = digestFlag(key, given);
      ruleset.add(key, definition);
      digests.set(key, digest);
      if (performance.now() < sliceEnd) continue;
      await setImmediate();
      sliceEnd = performance.now() + SLICE_MS;
    }
    return new ActiveDefinitions(ruleset, digests);
  }

  /** The keys of the flags that are new, gone or defined otherwise than before. */
  changedSince(before: ActiveDefinitions | undefined): string[] {
    return changedKeys(before?.digests ?? new Map<string, string>(), this.digests);
  }
}
