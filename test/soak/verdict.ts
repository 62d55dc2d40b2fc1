import { median } from '../../tools/statistics.cjs';
import { type CalmSample, type Observations } from './observations';
import { LOAD_CONNECTIONS, type Mode } from './setup';

/** The limit of the connection pool to Flagship. */
const MOST_CONNECTIONS = 256;
/** What may be left over by chance. */
const HEAP_SHARE = 0.1;
const HEAP_BYTES = 2e6;
const TIMERS_SHARE = 0.5;
const TIMERS_NUMBER = 20;
/** How long nothing else may have had a turn, in milliseconds; collecting garbage for a look is part of it. */
const MOST_BUSY = 250;
/** Fewer looks than this say nothing about growth. */
const FEWEST_SAMPLES = 6;

interface Measure {
  readonly of: (sample: CalmSample) => number;
  readonly share: number;
  readonly number: number;
}

const MEASURES: Readonly<Record<string, Measure>> = {
  'heap, in bytes': { of: ({ heap }) => heap, share: HEAP_SHARE, number: HEAP_BYTES },
  timers: { of: ({ resources }) => resources.Timeout ?? 0, share: TIMERS_SHARE, number: TIMERS_NUMBER },
};

/** Idle connections are kept for the next burst, so that their number says nothing as long as it is bounded. */
function tooManyConnections(samples: readonly CalmSample[]): string[] {
  const most = Math.max(...samples.map(({ connections }) => connections));
  const sockets = Math.max(...samples.map(({ resources }) => resources.TCPSocketWrap ?? 0));
  return [
    ...(most > MOST_CONNECTIONS ? [`${most} connections to Flagship`] : []),
    ...(sockets > MOST_CONNECTIONS + LOAD_CONNECTIONS ? [`${sockets} sockets in the application`] : []),
  ];
}

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
  const busy = samples.at(-1)?.longestOwnStandstill ?? 0;
  if (busy > MOST_BUSY) found.push(`the application let nothing else have a turn for ${Math.round(busy)} ms`);
  if (seen.judged < requests / 2)
    found.push(`the machine is too busy: ${seen.judged} of ${requests} requests can be judged`);
  if (objected > objections.length) found.push(`… and ${objected - objections.length} more like these`);
  if (samples.length < FEWEST_SAMPLES) found.push(`only ${samples.length} looks at the application`);
  found.push(
    ...growth(samples, time)
      .filter(({ isTooMuch }) => isTooMuch)
      .map(({ line }) => `growth: ${line}`),
    ...tooManyConnections(samples),
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
