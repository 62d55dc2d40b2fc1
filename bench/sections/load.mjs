import { median } from '../../tools/statistics.cjs';
import { startChild } from '../support/child.mjs';
import { engines } from '../support/engines.mjs';
import { milliseconds, times } from '../support/figures.mjs';

const FLAGS = 5000;
const RULES = 3;
const ROUNDS = 5;
const MOST_TIME = 40;
const MOST_HEAP = 10;

/** Loading an app's flags: time, and what they weigh. */
export async function load() {
  const figures = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of Object.keys(engines)) (figures[name] ??= []).push(await once(name));
  }
  const middle = Object.fromEntries(
    Object.entries(figures).map(([name, runs]) => [
      name,
      { time: median(runs.map(({ time }) => time)), heap: median(runs.map(({ bytes }) => bytes)) / 1e6 },
    ]),
  );
  const { ours, ...others } = middle;
  const lines = Object.entries(others).flatMap(([name, theirs]) => [
    line('time', milliseconds, ours.time, theirs.time, name, `≤ ${MOST_TIME} ms`, ours.time <= MOST_TIME),
    line('heap', megabytes, ours.heap, theirs.heap, name, `≤ ${MOST_HEAP} MB`, ours.heap <= MOST_HEAP),
  ]);
  return { title: `Loading ${FLAGS} flags of ${RULES} rules with two conditions`, lines };
}

const megabytes = (number) => `${number.toFixed(1)} MB`;

async function once(name) {
  const child = await startChild('load-engine.mjs', [name, String(FLAGS), String(RULES)], ['--expose-gc']);
  await child.stop();
  return child;
}

function line(what, unit, ours, theirs, name, wanted, reached) {
  return {
    what,
    figure: unit(ours),
    peer: engines[name].name,
    peerFigure: unit(theirs),
    ratio: times(theirs / ours),
    wanted,
    reached,
  };
}
