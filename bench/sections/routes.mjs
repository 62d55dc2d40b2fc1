import autocannon from 'autocannon';
import { median } from '../../tools/statistics.cjs';
import { startChild } from '../support/child.mjs';
import { percent, perSecond } from '../support/figures.mjs';
import { nest11, nest12 } from '../support/nests.mjs';

const CONNECTIONS = 32;
const ROUNDS = 5;
const ROUND_TIME = 0.5;
const WARM_UP_TIME = 1;
const HEADERS = { 'x-user-id': 'user-4711', 'x-plan': 'pro' };
const VARIANTS = [
  'bare',
  'none',
  'guardedNone',
  'middleware',
  'guardedMiddleware',
  'noopInterceptor',
  'storageInterceptor',
  'interceptor',
  'guardedInterceptor',
  'peer',
];
const NESTS = { 11: nest11, 12: nest12 };
/** Shares of the bare route, by adapter and Nest. */
const WANTED = {
  fastify11: { guardedNone: 0.7, middleware: 0.6 },
  express11: { guardedNone: 0.9 },
};
/** How much less than a no-op interceptor ours may leave of the bare route. */
const INTERCEPTOR_ALLOWANCE = 0.1;

/** Requests a second of one route, bare and with what flags put around it. */
export async function routes(adapter, nest = 11) {
  const { version, routeApp } = await NESTS[nest]();
  const { url: baseUrl, accountId, appId, stop } = await startChild('local-flagship.mjs');
  const flagship = JSON.stringify({ baseUrl, accountId, appId });
  const contenders = [];
  for (const variant of VARIANTS) {
    const app = await startChild(routeApp, [adapter, variant, flagship]);
    contenders.push({ variant, app, rates: [], costs: [] });
  }
  await inTurns(contenders);
  await Promise.all(contenders.map(({ app }) => app.stop()));
  await stop();
  const title = `A route on ${adapter}, ${version}, ${CONNECTIONS} connections`;
  return { title, lines: lines(WANTED[`${adapter}${nest}`] ?? {}, contenders) };
}

async function inTurns(contenders) {
  for (const { app } of contenders) await load(app, WARM_UP_TIME);
  for (let round = 0; round < ROUNDS; round++) {
    // All alike, the bare route too: one that rests less between its turns would have an advantage.
    for (const { app, rates, costs } of contenders) {
      const { rate, cost } = await load(app, ROUND_TIME);
      rates.push(rate);
      costs.push(cost);
    }
  }
}

/** One round: requests a second, and what one costs the application in microseconds of CPU. */
async function load(app, duration) {
  const before = (await app.ask('cpu')).cpu;
  // It ends with a sample: by default that would be a whole second.
  const rhythm = { connections: CONNECTIONS, duration, sampleInt: ROUND_TIME * 1000 };
  const result = await autocannon({ url: app.url, headers: HEADERS, ...rhythm });
  const after = (await app.ask('cpu')).cpu;
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${result.non2xx} refusals and ${result.errors} errors from ${app.url}`);
  }
  const requests = result.requests.total;
  const cpu = after.user + after.system - before.user - before.system;
  return { rate: requests / result.duration, cost: cpu / requests };
}

function lines(wantedShares, contenders) {
  const [reference] = contenders;
  const figures = Object.fromEntries(contenders.map((one) => [one.variant, medians(one, reference)]));
  const { bare } = figures;
  const share = (variant) => figures[variant].share;
  const line = (what, variant, wanted = wantedShares[variant]) => ({
    what: `${what} (${cpu(figures[variant])})`,
    figure: perSecond(figures[variant].rate),
    peer: 'bare route',
    peerFigure: perSecond(bare.rate),
    ratio: percent(share(variant)),
    wanted: wanted && `≥ ${percent(wanted)}`,
    reached: wanted && share(variant) >= wanted,
  });
  const leftByInterceptor = share('noopInterceptor') - INTERCEPTOR_ALLOWANCE;
  return [
    line("propagation 'none'", 'none'),
    line("guarded, propagation 'none'", 'guardedNone'),
    line("propagation 'middleware'", 'middleware'),
    line("guarded, propagation 'middleware'", 'guardedMiddleware'),
    line('no-op global interceptor', 'noopInterceptor'),
    line('no-op interceptor that opens an AsyncLocalStorage', 'storageInterceptor'),
    line("propagation 'interceptor'", 'interceptor', leftByInterceptor),
    line("guarded, propagation 'interceptor'", 'guardedInterceptor', leftByInterceptor),
    line('guarded, @openfeature/nestjs-sdk + @cloudflare/flagship', 'peer'),
  ];
}

function medians({ rates, costs }, bare) {
  // Round by round, so that a machine which is busy for a while spoils one round of both.
  const share = median(rates.map((rate, round) => rate / bare.rates[round]));
  const costShare = median(costs.map((cost, round) => bare.costs[round] / cost));
  return { rate: median(rates), cost: median(costs), share, costShare };
}

/** On a busy machine the time of the processor tells more than that of the clock. */
const cpu = ({ cost, costShare }) => `${cost.toFixed(0)} µs CPU, by which ${percent(costShare)}`;
