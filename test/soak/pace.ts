import { setInterval } from 'node:timers';

const TICK = 20;
/** Anything longer, and what takes long may not be what is to be judged; in milliseconds. */
const STANDSTILL = 100;

/** Notices when this process stands still: because the machine has no time for it, or because it is busy itself. */
export class Pace {
  private lastTurn = performance.now();
  private lastCpu = process.cpuUsage();
  private lastStandstill = -Infinity;
  private longest = 0;

  constructor() {
    setInterval(() => {
      this.turn();
    }, TICK).unref();
  }

  /** Begins to measure: a start that takes long is no standstill. */
  begin(): void {
    this.turn();
    this.longest = 0;
  }

  /** How long it has kept pace, in milliseconds. */
  get keptFor(): number {
    this.turn();
    return performance.now() - this.lastStandstill;
  }

  /** The most CPU time that this process itself used in one standstill, in milliseconds. */
  get longestOwn(): number {
    return this.longest;
  }

  private turn(): void {
    const now = performance.now();
    if (now - this.lastTurn > TICK + STANDSTILL) {
      const { user, system } = process.cpuUsage(this.lastCpu);
      this.lastStandstill = now;
      this.longest = Math.max(this.longest, Math.min((user + system) / 1000, now - this.lastTurn));
    }
    this.lastTurn = now;
    this.lastCpu = process.cpuUsage();
  }
}
