import { URLSearchParams } from 'node:url';
import { FlagshipServerProvider as VendorProvider } from '@cloudflare/flagship/server';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { Pool } from 'undici';
import { startChild } from '../support/child.mjs';
import { nextContext } from '../support/context.mjs';
import { perSecond, times } from '../support/figures.mjs';
import { interleave } from '../support/rounds.mjs';

const CONCURRENCY = 32;
const ROUNDS = 5;
const ROUND_TIME = 1200;
const WARM_UP_TIME = 800;
const TIMES_VENDOR = 4;
const TIMES_RAW = 0.8;

/** Evaluations over HTTP, 32 at a time, on kept-alive connections. */
export async function remote() {
  const server = await startChild('answer-server.mjs');
  const endpoint = `${server.url}/evaluate`;
  const ours = new FlagshipServerProvider({ endpoint });
  const vendor = new VendorProvider({ endpoint });
  const raw = rawUndici(server.url);
  const calls = {
    ours: () => ours.resolveBooleanEvaluation('new-checkout', false, nextContext()),
    vendor: () => vendor.resolveBooleanEvaluation('new-checkout', false, nextContext()),
    raw: raw.evaluate,
  };
  for (const call of Object.values(calls)) await expectAnswer(call);
  for (const call of Object.values(calls)) await throughput(call, WARM_UP_TIME);
  const measures = Object.entries(calls).map(([name, call]) => [name, () => throughput(call, ROUND_TIME)]);
  const figures = await interleave(Object.fromEntries(measures), ROUNDS);
  await Promise.all([ours.onClose(), vendor.onClose(), raw.close()]);
  await server.stop();
  return {
    title: `Remote evaluation, ${CONCURRENCY} at a time over kept-alive loopback connections`,
    lines: [
      line(figures.ours, '@cloudflare/flagship', figures.vendor, TIMES_VENDOR),
      line(figures.ours, 'undici Pool.request + JSON.parse', figures.raw, TIMES_RAW),
    ],
  };
}

function line(figure, peer, peerFigure, wanted) {
  const ratio = figure / peerFigure;
  return {
    what: 'evaluations',
    figure: perSecond(figure),
    peer,
    peerFigure: perSecond(peerFigure),
    ratio: times(ratio),
    wanted: `≥ ${times(wanted)}`,
    reached: ratio >= wanted,
  };
}

/** The least that a request can cost: the address ready-made, nothing checked. */
function rawUndici(url) {
  const pool = new Pool(url, { connections: 256 });
  const query = new URLSearchParams({ flagKey: 'new-checkout', ...nextContext() });
  const request = {
    method: 'GET',
    path: `/evaluate?${query}`,
    headers: { accept: 'application/json' },
  };
  return {
    evaluate: async () => JSON.parse(await (await pool.request(request)).body.text()),
    close: () => pool.close(),
  };
}

async function expectAnswer(call) {
  const { value, variant } = await call();
  if (value !== true || variant !== 'on') throw new Error('the loopback server was not understood');
}

/** Calls a second. */
async function throughput(call, time) {
  const start = performance.now();
  const end = start + time;
  let done = 0;
  const lane = async () => {
    for (; performance.now() < end; done++) await call();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  return (done / (performance.now() - start)) * 1000;
}
