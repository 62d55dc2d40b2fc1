import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { engines } from '../support/engines.mjs';
import { duration, times } from '../support/figures.mjs';
import { threeFlags } from '../support/flag-formats.mjs';
import { nanosecondsOf } from '../support/rounds.mjs';

const AIMS = { 'one-rule': 200, rollout: 250, 'no-rule': 110 };
const COLLECTIONS = 10;

/** Evaluation in process, the engine called directly and awaited, beside other engines. */
export async function local() {
  const opened = {};
  for (const [name, { format, open }] of Object.entries(engines)) {
    opened[name] = await open(JSON.stringify(threeFlags(format)));
  }
  const fresh = await table(opened, '');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  for (let count = 0; count < COLLECTIONS; count++) collect();
  const collected = await table(opened, ' after full collections');
  for (const { close } of Object.values(opened)) await close();
  return { title: 'Local evaluation, called directly and awaited', lines: [...fresh, ...collected] };
}

async function table(opened, suffix) {
  const lines = [];
  for (const [key, aim] of Object.entries(AIMS)) {
    const calls = Object.entries(opened).map(([name, { ask }]) => [name, () => ask(key)]);
    const { ours, ...others } = await nanosecondsOf(Object.fromEntries(calls));
    for (const [name, theirs] of Object.entries(others)) {
      lines.push({
        what: `${key}${suffix}`,
        figure: duration(ours),
        peer: engines[name].name,
        peerFigure: duration(theirs),
        ratio: times(theirs / ours),
        wanted: `faster, ${aim} ns`,
        reached: ours < theirs,
      });
    }
  }
  return lines;
}
