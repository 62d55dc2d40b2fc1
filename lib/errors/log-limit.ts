/** How long the same is only counted, in milliseconds. */
const QUIET = 60_000;
/** How many different things are told apart; all others count as one. */
const MAX_KINDS = 100;
const OTHERS = 'More failures, too many kinds to tell apart.';

interface Told {
  at: number;
  unsaid: number;
}

/** Lets a repeated line through once, then once a minute with how often it would have been written meanwhile. */
export class LogLimit {
  private readonly told = new Map<string, Told>();

  /** What to write, if anything. */
  pass(line: string, now = performance.now()): string | undefined {
    const kind = this.told.has(line) || this.told.size < MAX_KINDS ? line : OTHERS;
    const before = this.told.get(kind);
    if (before === undefined) {
      this.forgetOld(now);
      this.told.set(kind, { at: now, unsaid: 0 });
      return kind;
    }
    before.unsaid++;
    if (now - before.at < QUIET) return undefined;
    const times = before.unsaid;
    before.at = now;
    before.unsaid = 0;
    return `${kind} (${times} more since the last line)`;
  }

  /** What has not been said for long makes room. */
  private forgetOld(now: number): void {
    for (const [line, { at, unsaid }] of this.told) {
      if (unsaid === 0 && now - at > QUIET) this.told.delete(line);
    }
  }
}
