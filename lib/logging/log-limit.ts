/** How long a repeated line is only counted. */
const QUIET_MS = 60_000;
/** The most different lines that are counted separately. Further ones share one count. */
const MAX_KEYS = 100;
const TIME_OF_DAY = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const OTHER_LINES = 'More failures, too many kinds to tell apart.';

/** When a line with this key was last written, and how many were suppressed since. */
interface LineState {
  writtenAt: number;
  suppressed: number;
}

/** Limits repeated log lines: writes the first one, then one a minute with the number of suppressed ones. */
export class LogLimit {
  private readonly states = new Map<string, LineState>();
  private cleanedAt = -Infinity;

  /**
   * Returns the line to write, or undefined if it is suppressed.
   *
   * @param key Lines with the same key count as repeated. The default is the line without its times of day.
   */
  admit(line: string, now = performance.now(), key = line.replace(TIME_OF_DAY, '')): string | undefined {
    if (!this.states.has(key)) this.removeOldKeys(now);
    return this.states.has(key) || this.states.size < MAX_KEYS
      ? this.count(line, key, now)
      : this.count(OTHER_LINES, OTHER_LINES, now);
  }

  private count(line: string, key: string, now: number): string | undefined {
    const state = this.states.get(key);
    if (state === undefined) {
      this.states.set(key, { writtenAt: now, suppressed: 0 });
      return line;
    }
    state.suppressed++;
    if (now - state.writtenAt < QUIET_MS) return undefined;
    const { suppressed } = state;
    state.writtenAt = now;
    state.suppressed = 0;
    return `${line} (${suppressed} more since the last line)`;
  }

  /**
   * Removes the states of lines that do not occur any more, at most once a minute and only when there is no room for a
   * new one.
   */
  private removeOldKeys(now: number): void {
    if (this.states.size < MAX_KEYS || now - this.cleanedAt < QUIET_MS) return;
    this.cleanedAt = now;
    for (const [key, { writtenAt, suppressed }] of this.states) {
      // A line that still occurs is written within the minute after its quiet one. Without suppressed lines, no count
      // is lost.
      if (now - writtenAt > (suppressed === 0 ? QUIET_MS : 2 * QUIET_MS)) this.states.delete(key);
    }
  }
}
