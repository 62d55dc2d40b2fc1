import { startChild } from '../support/child.mjs';
import { milliseconds, times } from '../support/figures.mjs';
import { interleave } from '../support/rounds.mjs';

const PROCESSES = 15;
const MOST = 60;

/** What loading the package adds to an application that has loaded Nest. */
export async function requireTime() {
  const undici = { ours: false };
  const measures = {
    ours: async () => {
      const seen = await load(['nestjs-flagship']);
      undici.ours ||= seen.undici;
      return seen.time;
    },
    openFeature: async () => (await load(['@openfeature/server-sdk'])).time,
    peer: async () => (await load(['@openfeature/nestjs-sdk', '@cloudflare/flagship/server'])).time,
    undici: async () => (await load(['undici'])).time,
  };
  // The first round reads the disk; the others find the files in memory.
  await interleave(measures, 1);
  const figures = await interleave(measures, PROCESSES);
  return { title: 'Loading, in a fresh process that has loaded Nest', lines: lines(figures, undici.ours) };
}

async function load(names) {
  const child = await startChild('require-probe.cjs', names);
  await child.stop();
  return child;
}

function lines(figures, undiciLoaded) {
  return [
    {
      what: "require('nestjs-flagship')",
      figure: milliseconds(figures.ours),
      peer: '@openfeature/nestjs-sdk + @cloudflare/flagship',
      peerFigure: milliseconds(figures.peer),
      ratio: times(figures.ours / figures.peer),
      wanted: `≤ ${MOST} ms`,
      reached: figures.ours <= MOST,
    },
    {
      what: 'of it, without @openfeature/server-sdk',
      figure: milliseconds(figures.ours - figures.openFeature),
      peer: '@openfeature/server-sdk alone',
      peerFigure: milliseconds(figures.openFeature),
    },
    {
      what: 'undici loaded along',
      figure: undiciLoaded ? 'yes' : 'no',
      peer: 'undici alone',
      peerFigure: milliseconds(figures.undici),
      wanted: 'no',
      reached: !undiciLoaded,
    },
  ];
}
