import { median } from '../../tools/statistics.cjs';
import { startChild } from '../support/child.mjs';
import { contenders } from '../support/contenders.mjs';
import { CONTEXT } from '../support/context.mjs';
import { milliseconds, times } from '../support/figures.mjs';

const EVALUATIONS = 1000;
const ROUNDS = 7;

/** Many ask the same question at the same time, as after a deployment or when a popular answer expires. */
export async function flights() {
  const server = await startChild('commanded-server.mjs');
  const options = { endpoint: `${server.url}/evaluate`, timeout: 20_000 };
  const runs = { ours: [], vendor: [] };
  const providers = Object.entries(contenders).map(([name, Provider]) => [name, new Provider(options)]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, provider] of providers) runs[name].push(await once(provider, server));
  }
  for (const [, provider] of providers) await provider.onClose();
  await server.stop();
  const middle = (name, figure) => median(runs[name].map((run) => run[figure]));
  return {
    title: `${EVALUATIONS.toLocaleString('en')} equal evaluations at once, nothing cached`,
    lines: [
      line('requests', middle('ours', 'requests'), middle('vendor', 'requests'), String, 1),
      line('time until all are answered', middle('ours', 'time'), middle('vendor', 'time'), milliseconds),
    ],
  };
}

async function once(provider, server) {
  await server.ask('answer');
  const start = performance.now();
  const answers = await Promise.all(
    Array.from({ length: EVALUATIONS }, () =>
      provider.resolveBooleanEvaluation('new-checkout', false, { ...CONTEXT }),
    ),
  );
  const time = performance.now() - start;
  if (!answers.every(({ value }) => value === true)) throw new Error('an evaluation has no answer');
  return { time, requests: (await server.ask('answer')).requests };
}

function line(what, ours, theirs, unit, most) {
  return {
    what,
    figure: unit(ours),
    peer: '@cloudflare/flagship',
    peerFigure: unit(theirs),
    ratio: times(theirs / ours),
    ...(most === undefined ? {} : { wanted: String(most), reached: ours <= most }),
  };
}
