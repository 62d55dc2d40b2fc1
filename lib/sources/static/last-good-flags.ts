import { type FlagMap, CompiledDefinitions } from '../../evaluation';
import { reportMalformed } from '../report-malformed';

/** Flags that a person edits: one that an edit has broken stays as it was, the others follow the edit. */
export class LastGoodFlags {
  private flags: FlagMap = new Map<string, unknown>();
  /** The keys among them that have never been right. */
  private malformed: ReadonlySet<string> = new Set<string>();

  /**
   * @param accountId Seeds the rollouts.
   * @param report Told about malformed flags, place included.
   */
  constructor(
    private readonly accountId: string,
    private readonly report: (problem: string) => void,
  ) {}

  /** The flags in force. */
  get current(): FlagMap {
    return this.flags;
  }

  /** Takes over an edit, as far as it is right. */
  accept(edited: FlagMap): CompiledDefinitions {
    const ruleset = new CompiledDefinitions(edited, this.accountId);
    const kept = new Map(edited);
    const malformed = new Set<string>();
    const outcomeOf = (flagKey: string): string =>
      this.wasGood(flagKey) ? 'it stays as it was' : 'it answers PARSE_ERROR';
    reportMalformed(ruleset.malformed, outcomeOf, this.report);
    for (const { flagKey } of ruleset.malformed) {
      if (this.wasGood(flagKey)) kept.set(flagKey, this.flags.get(flagKey));
      else malformed.add(flagKey);
    }
    for (const [key, definition] of kept) if (definition !== edited.get(key)) ruleset.add(key, definition);
    this.flags = kept;
    this.malformed = malformed;
    return ruleset;
  }

  private wasGood(flagKey: string): boolean {
    return this.flags.has(flagKey) && !this.malformed.has(flagKey);
  }
}
