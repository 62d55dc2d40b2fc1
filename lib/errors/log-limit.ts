/** How long the same is only counted, in milliseconds. */
const QUIET_MS = 60_000;
/** How many different things are told apart; all others count as one. */
const MAX_KINDS = 100;
const TIME_OF_DAY = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const OTHERS = 'More failures, too many kinds to tell apart.';

interface Reported {
  at: number;
  unsaid: number;
}

/** Lets a repeated line through once, then once a minute with how often it would have been written meanwhile. */
export class LogLimit {
  private readonly told = new Map<string, Reported>();
  private forgotAt = -Infinity;

  /**
   * What to write, if anything.
   *
   * @param subject What it counts as: the line without its times of day, as a rule.
   */
  pass(line: string, now = performance.now(), subject = line.replace(TIME_OF_DAY, '')): string | undefined {
    if (!this.told.has(subject)) this.forgetOld(now);
    return this.told.has(subject) || this.told.size < MAX_KINDS
      ? this.count(line, subject, now)
      : this.count(OTHERS, OTHERS, now);
  }

  private count(line: string, kind: string, now: number): string | undefined {
    const before = this.told.get(kind);
    if (before === undefined) {
      this.told.set(kind, { at: now, unsaid: 0 });
      return line;
    }
    before.unsaid++;
    if (now - before.at < QUIET_MS) return undefined;
    const times = before.unsaid;
    before.at = now;
    before.unsaid = 0;
    return `${line} (${times} more since the last line)`;
  }

  /** What has not been said for long makes room, when there is none; looked for once a minute. */
  private forgetOld(now: number): void {
    if (this.told.size < MAX_KINDS || now - this.forgotAt < QUIET_MS) return;
    this.forgotAt = now;
    for (const [line, { at, unsaid }] of this.told) {
      // What goes on has said so within the minute after the quiet one, or has nothing left to say.
      if (now - at > (unsaid === 0 ? QUIET_MS : 2 * QUIET_MS)) this.told.delete(line);
    }
  }
}
