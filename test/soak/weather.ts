import { setTimeout as pause } from 'node:timers/promises';
import { FAULTS, type FaultName } from '../fixtures/faults';
import { type Random } from './random';
import { RECOVERY, type Mode } from './setup';

const SHORTEST = 300;
const LONGEST = 3000;
/** How often an outage ends in another one. */
const FAULT_AFTER_FAULT = 0.25;

/** What decides about Flagship, and what happens to it. */
export interface Weather {
  readonly mode: Mode;
  readonly random: Random;
  readonly change: (fault: FaultName) => Promise<void>;
  /** Called at the end of each calm that was long enough for everything to be right again. */
  readonly calm: () => Promise<void>;
}

/** Fault after fault, with times of health between them, until the time is up; ends in health. */
export async function change({ mode, random, change: command, calm }: Weather, end: number): Promise<void> {
  const faults = FAULTS.filter((name) => name !== 'healthy');
  while (performance.now() < end) {
    await command(random.pick(faults));
    await pause(random.between(SHORTEST, LONGEST));
    if (random.between(0, 1) < FAULT_AFTER_FAULT) continue;
    await command('healthy');
    // Some are too short to recover in, others long enough to look.
    const time = random.between(SHORTEST, RECOVERY[mode] + LONGEST);
    await pause(time);
    if (time > RECOVERY[mode]) await calm();
  }
  await command('healthy');
  await pause(RECOVERY[mode] + LONGEST);
  await calm();
}
