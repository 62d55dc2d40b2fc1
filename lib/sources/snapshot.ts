import { setImmediate } from 'node:timers/promises';
import { type FlagMap, Ruleset } from '../evaluation';
import { changedKeys, printFlag } from './fingerprint';

/** The longest stretch of compiling before other work gets its turn, in milliseconds. */
const SLICE = 8;

/** All flags at one moment: ready to be asked, and to be compared with the next moment's. */
export class Snapshot {
  private constructor(
    readonly ruleset: Ruleset,
    private readonly fingerprints: ReadonlyMap<string, string>,
  ) {}

  /** Compiles flags in slices, so that thousands of them do not hold up requests. */
  static async compile(flags: FlagMap, accountId: string): Promise<Snapshot> {
    const ruleset = new Ruleset([], accountId);
    const fingerprints = new Map<string, string>();
    let sliceEnd = performance.now() + SLICE;
    for (const [key, given] of flags) {
      const { definition, fingerprint } = printFlag(key, given);
      ruleset.add(key, definition);
      fingerprints.set(key, fingerprint);
      if (performance.now() < sliceEnd) continue;
      await setImmediate();
      sliceEnd = performance.now() + SLICE;
    }
    return new Snapshot(ruleset, fingerprints);
  }

  /** The keys of the flags that are new, gone or defined otherwise than before. */
  changedSince(before: Snapshot | undefined): string[] {
    return changedKeys(before?.fingerprints ?? new Map<string, string>(), this.fingerprints);
  }
}
