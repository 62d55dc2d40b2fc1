import { Bench } from 'tinybench';
import { median } from '../../tools/statistics.cjs';

/** Calls that one sample stands for: a clock cannot see a single one. */
const BATCH = 200;

/**
 * Measures contenders in turns, A B C A B C …, so that whatever else the machine does hits all of them alike.
 *
 * @param contenders Name → what to measure in one round, resolving to a number.
 * @returns Name → the median of its rounds.
 */
export async function interleave(contenders, rounds) {
  const figures = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let turn = 0; turn < rounds; turn++) {
    for (const [name, measure] of Object.entries(contenders)) figures[name].push(await measure());
  }
  return Object.fromEntries(Object.entries(figures).map(([name, numbers]) => [name, median(numbers)]));
}

/**
 * Nanoseconds of one awaited call each, in turns.
 *
 * @param calls Name → a function that returns a promise.
 */
export function nanosecondsOf(calls, { rounds = 7, time = 120 } = {}) {
  const measures = Object.entries(calls).map(([name, call]) => [name, () => batchLatency(name, call, time)]);
  return interleave(Object.fromEntries(measures), rounds);
}

async function batchLatency(name, call, time) {
  const bench = new Bench({ time, warmupTime: time / 3, throws: true });
  bench.add(name, async () => {
    for (let count = 0; count < BATCH; count++) await call();
  });
  const [task] = await bench.run();
  return (task.result.latency.p50 * 1e6) / BATCH;
}
