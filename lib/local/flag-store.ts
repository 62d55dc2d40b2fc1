import { createHash } from 'node:crypto';
import { type MalformedFlag, Ruleset } from '../evaluation';
import { type FlagMap } from '../sources';

/** The flags that the server has now, as rules and as the definitions answer. */
export class FlagStore {
  private flags: FlagMap = new Map<string, unknown>();
  /** The keys among them that have never been right. */
  private malformed: ReadonlySet<string> = new Set<string>();
  private current: { ruleset: Ruleset; body: string; etag: string };

  constructor(
    private readonly accountId: string,
    flags: FlagMap,
    private readonly report: (problem: string) => void,
  ) {
    this.current = this.compile(flags);
  }

  get ruleset(): Ruleset {
    return this.current.ruleset;
  }

  get definitions(): { readonly body: string; readonly etag: string } {
    return this.current;
  }

  replace(flags: FlagMap): void {
    this.current = this.compile(flags);
  }

  private compile(flags: FlagMap): { ruleset: Ruleset; body: string; etag: string } {
    const { malformed } = new Ruleset(flags, this.accountId);
    for (const problem of malformed) this.reportMalformed(problem);
    this.flags = this.withLastGood(flags, malformed);
    const body = JSON.stringify({ flags: Object.fromEntries(this.flags) });
    const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
    const ruleset = new Ruleset(this.flags, this.accountId);
    this.malformed = new Set(ruleset.malformed.map(({ flagKey }) => flagKey));
    return { ruleset, body, etag };
  }

  /** A flag that an edit has broken stays as it was; one that was never right answers `PARSE_ERROR`. */
  private withLastGood(flags: FlagMap, malformed: readonly MalformedFlag[]): FlagMap {
    const kept = new Map(flags);
    for (const { flagKey } of malformed) {
      if (this.wasGood(flagKey)) kept.set(flagKey, this.flags.get(flagKey));
    }
    return kept;
  }

  private wasGood(flagKey: string): boolean {
    return this.flags.has(flagKey) && !this.malformed.has(flagKey);
  }

  private reportMalformed({ flagKey, message }: MalformedFlag): void {
    const outcome = this.wasGood(flagKey) ? 'it stays as it was' : 'it answers PARSE_ERROR';
    this.report(`flag "${flagKey}" is malformed at ${message} (${outcome}).`);
  }
}
