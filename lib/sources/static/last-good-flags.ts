import { type FlagMap, CompiledDefinitions } from '../../evaluation';
import { reportMalformed, reportMetadata } from '../report-malformed';

/** The flags in force of a file or object that a person edits. A flag that an edit makes malformed stays as it was. */
export class LastGoodFlags {
  private flags: FlagMap = new Map<string, unknown>();
  /** The keys of the flags in force that have always been malformed. */
  private malformed: ReadonlySet<string> = new Set<string>();

  /**
   * @param accountId Part of the seed of percentage rollouts.
   * @param report Receives one sentence for each malformed flag, with its position.
   */
  constructor(
    private readonly accountId: string,
    private readonly report: (problem: string) => void,
  ) {}

  /** The flags in force. */
  get current(): FlagMap {
    return this.flags;
  }

  /**
   * Puts the flags of an edit in force, except those that are malformed now and were not before. Returns them compiled.
   */
  accept(edited: FlagMap): CompiledDefinitions {
    const definitions = new CompiledDefinitions(edited, this.accountId);
    const flags = new Map(edited);
    const malformed = new Set<string>();
    const outcomeOf = (flagKey: string): string =>
      this.wasGood(flagKey) ? 'it stays as it was' : 'it answers PARSE_ERROR';
    reportMalformed(definitions.malformed, outcomeOf, this.report);
    for (const { flagKey } of definitions.malformed) {
      if (this.wasGood(flagKey)) flags.set(flagKey, this.flags.get(flagKey));
      else malformed.add(flagKey);
    }
    for (const [key, definition] of flags)
      if (definition !== edited.get(key)) definitions.add(key, definition);
    reportMetadata(definitions.metadataProblems, this.report);
    this.flags = flags;
    this.malformed = malformed;
    return definitions;
  }

  private wasGood(flagKey: string): boolean {
    return this.flags.has(flagKey) && !this.malformed.has(flagKey);
  }
}
