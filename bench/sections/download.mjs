import { FlagshipServerProvider } from 'nestjs-flagship';
import { median } from '../../tools/statistics.cjs';
import { startChild } from '../support/child.mjs';
import { milliseconds } from '../support/figures.mjs';

const ROUNDS = 5;
const MOST_BLOCKED = 50;

/** What it costs to download definitions and put them to use, and how long other work waits meanwhile. */
export async function download() {
  return {
    title: 'Downloading definitions (localEvaluation), from the first byte to the first answer',
    lines: [
      ...(await measure('5,000 flags', 5000, 0, MOST_BLOCKED)),
      ...(await measure('25 MB', 5000, 4600)),
    ],
  };
}

async function measure(what, count, padding, most) {
  const server = await startChild('definitions-server.mjs', [String(count), String(padding)]);
  const runs = [];
  for (let round = 0; round < ROUNDS; round++) runs.push(await once(server.url));
  await server.stop();
  const size = `${(server.size / 1e6).toFixed(1)} MB`;
  const blocked = median(runs.map((run) => run.blocked));
  return [
    { what: `${what} (${size}): time`, figure: milliseconds(median(runs.map((run) => run.time))) },
    {
      what: `${what} (${size}): longest stretch without a turn`,
      figure: milliseconds(blocked),
      ...(most === undefined ? {} : { wanted: `≤ ${most} ms`, reached: blocked <= most }),
    },
  ];
}

async function once(url) {
  const provider = new FlagshipServerProvider({
    baseUrl: url,
    accountId: 'account',
    appId: 'app',
    localEvaluation: true,
    timeout: 60_000,
  });
  const watch = watchTurns();
  const start = performance.now();
  await provider.initialize();
  const time = performance.now() - start;
  const blocked = watch.stop();
  const { value } = await provider.resolveBooleanEvaluation('flag-1', false, { plan: 'pro', country: 'DE' });
  if (typeof value !== 'boolean') throw new Error('there is no answer');
  await provider.onClose();
  return { time, blocked };
}

/** The longest time between two turns of the event loop. */
function watchTurns() {
  let longest = 0;
  let last = performance.now();
  let next = setImmediate(turn);
  function turn() {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    next = setImmediate(turn);
  }
  return {
    stop: () => {
      clearImmediate(next);
      return longest;
    },
  };
}
