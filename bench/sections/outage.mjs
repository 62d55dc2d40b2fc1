import { setTimeout as pause } from 'node:timers/promises';
import { median, percentile } from '../../tools/statistics.cjs';
import { startChild } from '../support/child.mjs';
import { milliseconds, times } from '../support/figures.mjs';

const RATE = 200;
const MOST_LATENCY = 5;
const HALF_OPEN_AFTER = 2000;
const MOST_RECOVERY = HALF_OPEN_AFTER + 1000;
const WARM_UP_TIME = 2000;
/** Of different lengths, so that recovery finds the circuit at different distances from its next trial. */
const OUTAGES = [5000, 5700, 6400];
const RECOVERY_TIME = 4000;

/** Evaluations at fixed times while Flagship hangs, and how soon they are right again afterwards. */
export async function outage() {
  // At the same time: what the schedule itself costs on a machine that does other things as well.
  const [ours, nobody] = await Promise.all([suffer('ours'), suffer('nobody')]);
  const vendor = await suffer('vendor');
  return {
    title: `An outage at ${RATE} evaluations a second, distinct users; timeout 300 ms, 1 retry after 100 ms`,
    lines: [
      ...latencies('before the circuit opens', ours.before, vendor.all),
      ...latencies('once it is open', ours.after, vendor.all, MOST_LATENCY),
      ...latencies('the same schedule without evaluations', nobody.all),
      ...recoveries(ours.recoveries, vendor.recoveries),
    ],
  };
}

/** One outage after the other. */
async function suffer(name) {
  const server = await startChild('commanded-server.mjs');
  const load = await startChild('outage-load.mjs', [name, server.url, String(RATE)]);
  const rounds = [];
  await load.ask(WARM_UP_TIME);
  for (const time of OUTAGES) {
    await server.ask('hang');
    const loaded = load.ask(time + RECOVERY_TIME);
    await pause(time);
    await server.ask('answer');
    const end = performance.timeOrigin + performance.now();
    rounds.push(split((await loaded).calls, end));
  }
  await load.stop();
  await server.stop();
  const summaries = (isMeant) => summarize(rounds.map(({ during }) => during.filter(isMeant)));
  return {
    all: summaries(() => true),
    before: summaries(({ wasOpen }) => !wasOpen),
    after: summaries(({ wasOpen }) => wasOpen),
    recoveries: rounds.map(({ recovery }) => recovery),
  };
}

/** @param end When the server answered again; what was wrong last after it tells how long it was felt. */
function split(calls, end) {
  const during = calls.filter(({ due }) => due < end);
  const after = calls.filter(({ due }) => due >= end);
  const lastWrong = after.findLastIndex(({ isRight }) => !isRight);
  const firstRight = after[lastWrong + 1];
  return {
    during,
    recovery: firstRight === undefined ? Infinity : firstRight.due + firstRight.latency - end,
  };
}

/** The middle round's percentiles, and the longest of all. */
function summarize(rounds) {
  const byRound = rounds.map((calls) => calls.map(({ latency }) => latency));
  const middle = (percent) => median(byRound.map((list) => percentile(list, percent)));
  return { p50: middle(50), p99: middle(99), max: Math.max(...byRound.flat()) };
}

function latencies(what, ours, theirs, most) {
  return ['p50', 'p99', 'max'].map((figure) => ({
    what: `${what}: ${figure}`,
    figure: milliseconds(ours[figure]),
    ...(theirs === undefined
      ? {}
      : {
          peer: '@cloudflare/flagship',
          peerFigure: milliseconds(theirs[figure]),
          ratio: times(theirs[figure] / ours[figure]),
        }),
    ...(most === undefined || figure !== 'p99'
      ? {}
      : { wanted: `≤ ${most} ms`, reached: ours[figure] <= most }),
  }));
}

function recoveries(ours, theirs) {
  const slowest = Math.max(...ours);
  return [
    {
      what: `until values are right again (of ${ours.length}, the slowest)`,
      figure: milliseconds(slowest),
      peer: '@cloudflare/flagship',
      peerFigure: milliseconds(Math.max(...theirs)),
      wanted: `≤ ${MOST_RECOVERY} ms`,
      reached: slowest <= MOST_RECOVERY,
    },
  ];
}
