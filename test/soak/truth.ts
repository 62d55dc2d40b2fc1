import { type FaultName } from '../fixtures/faults';
import { type Seen } from './load';
import { type Page } from './messages';
import { DEADLINE, EVALUATIONS_IN_A_ROW, MOST_AGE, type Mode, RECOVERY, SLACK } from './setup';

/** What Flagship was, from then on. */
interface Phase {
  readonly fault: FaultName;
  readonly start: number;
}

/** Knows what Flagship was when, and so what the application may answer. */
export class Truth {
  private generation = 0;
  /** When each generation ended. */
  private readonly ends: number[] = [];
  private phase: Phase | undefined = { fault: 'healthy', start: -Infinity };

  constructor(private readonly mode: Mode) {}

  /** Flagship is about to change: until `commanded`, its state is not determined. */
  command(): void {
    this.phase = undefined;
  }

  /** What has been commanded is in force; the flags change with every command. */
  commanded(fault: FaultName): void {
    this.ends[this.generation++] = performance.now();
    this.phase = { fault, start: performance.now() };
  }

  /** Whether Flagship has been available for so long that only its current values are right. */
  isCalm({ start, end, paceKept }: Seen): boolean {
    const { phase } = this;
    // A process that stood still has not had that time to recover.
    const well = Math.min(start - (phase?.start ?? Infinity), paceKept - (end - start));
    return phase?.fault === 'healthy' && well > RECOVERY[this.mode];
  }

  /** What is wrong with an answer, and when that was; nothing when all is well. */
  objection(seen: Seen): string | undefined {
    const objection = this.objectionTo(seen);
    if (objection === undefined) return undefined;
    const { fault, start } = this.phase ?? { fault: 'a change', start: performance.now() };
    return `${objection} (in ${fault}, after ${Math.round(performance.now() - start)} ms)`;
  }

  private objectionTo(seen: Seen): string | undefined {
    const { page, problem } = seen;
    if (page === undefined) return `the request failed with ${problem}`;
    return (
      this.objectionToTime(seen, page) ??
      this.objectionToValue(seen, page.generation) ??
      this.objectionToHome(seen, page.home)
    );
  }

  private objectionToTime({ start, end, paceKept }: Seen, page: Page): string | undefined {
    if (paceKept < end - start) return undefined;
    const most = DEADLINE[this.mode] + SLACK;
    if (page.waited > most) return `an evaluation took ${Math.round(page.waited)} ms`;
    if (page.took > most * EVALUATIONS_IN_A_ROW) return `a request took ${Math.round(page.took)} ms`;
    return undefined;
  }

  private objectionToHome(seen: Seen, home: string): string | undefined {
    if (home === 'modern' || (home === 'classic' && !this.isCalm(seen))) return undefined;
    return `the home page is "${home}"`;
  }

  private objectionToValue(seen: Seen, generation: number): string | undefined {
    if (generation === this.generation) return undefined;
    if (this.isCalm(seen)) return `the answer was ${generation} long after Flagship said ${this.generation}`;
    if (generation === -1) return undefined;
    // The command that begins this generation may be on its way.
    if (generation === this.generation + 1) return undefined;
    const ended = this.ends[generation];
    if (ended === undefined) return `Flagship has never said ${generation}`;
    // A process that stood still could not notice the age.
    const age = Math.min(seen.start - ended, seen.paceKept);
    return age > MOST_AGE[this.mode] ? `the answer was ${Math.round(age)} ms out of date` : undefined;
  }
}
