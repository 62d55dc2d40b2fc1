import { type CalmSample, type Observations } from './observations';
import { type Mode } from './setup';

/** What may be left over by chance: heap in bytes, connections and timers in numbers. */
const HEAP_SHARE = 0.1;
const HEAP_BYTES = 2e6;
const RESOURCES_SHARE = 0.5;
const RESOURCES_NUMBER = 20;
/** Fewer looks than this say nothing about growth. */
const FEWEST_SAMPLES = 6;

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

interface Measure {
  readonly of: (sample: CalmSample) => number;
  readonly share: number;
  readonly number: number;
}

const MEASURES: Readonly<Record<string, Measure>> = {
  'heap, in bytes': { of: ({ heap }) => heap, share: HEAP_SHARE, number: HEAP_BYTES },
  'timers and sockets': {
    of: ({ resources }) => sum(resources),
    share: RESOURCES_SHARE,
    number: RESOURCES_NUMBER,
  },
  'connections to Flagship': {
    of: ({ connections }) => connections,
    share: RESOURCES_SHARE,
    number: RESOURCES_NUMBER,
  },
};

/** A line for each measure: the medians of the first and the last third, and whether they are too far apart. */
export function growth(samples: readonly CalmSample[], time: number): { line: string; isTooMuch: boolean }[] {
  const first = samples.filter(({ at }) => at < time / 3);
  const last = samples.filter(({ at }) => at >= (time * 2) / 3);
  return Object.entries(MEASURES).map(([name, { of, share, number }]) => {
    const [before, after] = [median(first.map(of)), median(last.map(of))];
    return {
      line: `${name}: ${before.toLocaleString('en')} in the first third, ${after.toLocaleString('en')} in the last`,
      isTooMuch: after > before * (1 + share) + number,
    };
  });
}

/** Everything that is wrong with a run; nothing when all is well. */
export function faultsFound(seen: Observations, mode: Mode, time: number): string[] {
  const { samples, objected, objections, reasons, requests } = seen;
  const found = [...objections];
  if (objected > objections.length) found.push(`… and ${objected - objections.length} more like these`);
  if (samples.length < FEWEST_SAMPLES) found.push(`only ${samples.length} looks at the application`);
  found.push(
    ...growth(samples, time)
      .filter(({ isTooMuch }) => isTooMuch)
      .map(({ line }) => `growth: ${line}`),
    ...(samples.at(-1)?.problems ?? []),
  );
  // A run in which nothing went wrong has shown nothing.
  const outcomes = samples.at(-1)?.stats?.upstream?.outcomes;
  if (
    requests === 0 ||
    outcomes === undefined ||
    outcomes.timedOut + outcomes.unreachable + outcomes.failed === 0
  )
    found.push('no fault was felt');
  if (mode === 'remote' && !('STALE' in reasons)) found.push('no stale answer was needed');
  return found;
}
