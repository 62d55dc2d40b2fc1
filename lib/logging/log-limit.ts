/** How long a repeated line is only counted. */
const QUIET_MS = 60_000;
/** The most subjects that are counted separately. Further ones share one count. */
const MAX_SUBJECTS = 100;
const TIME_OF_DAY = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const OTHER_SUBJECTS = 'More failures, too many kinds to tell apart.';

/** When a subject was last written, and how many of its lines were suppressed since. */
interface SubjectState {
  writtenAt: number;
  suppressed: number;
}

/** Limits repeated log lines: writes the first one, then one a minute with the number of suppressed ones. */
export class LogLimit {
  private readonly subjects = new Map<string, SubjectState>();
  private cleanedAt = -Infinity;

  /**
   * Returns the line to write, or undefined if it is suppressed.
   *
   * @param subject Lines with the same subject count as repeated. The default is the line without its times of day.
   */
  admit(line: string, now = performance.now(), subject = line.replace(TIME_OF_DAY, '')): string | undefined {
    if (!this.subjects.has(subject)) this.removeOldSubjects(now);
    return this.subjects.has(subject) || this.subjects.size < MAX_SUBJECTS
      ? this.count(line, subject, now)
      : this.count(OTHER_SUBJECTS, OTHER_SUBJECTS, now);
  }

  private count(line: string, subject: string, now: number): string | undefined {
    const state = this.subjects.get(subject);
    if (state === undefined) {
      this.subjects.set(subject, { writtenAt: now, suppressed: 0 });
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
   * Removes subjects that do not occur any more, at most once a minute and only when there is no room for a new one.
   */
  private removeOldSubjects(now: number): void {
    if (this.subjects.size < MAX_SUBJECTS || now - this.cleanedAt < QUIET_MS) return;
    this.cleanedAt = now;
    for (const [subject, { writtenAt, suppressed }] of this.subjects) {
      // A subject that still occurs is written within the minute after its quiet one. Without suppressed lines, no
      // count is lost.
      if (now - writtenAt > (suppressed === 0 ? QUIET_MS : 2 * QUIET_MS)) this.subjects.delete(subject);
    }
  }
}
