import { startChild } from '../support/child.mjs';
import { contenders } from '../support/contenders.mjs';

const USERS = 200_000;
const MOST = 20;

/** How much memory evaluations for far more users than the cache may hold leave behind. */
export async function bounded() {
  const server = await startChild('answer-server.mjs');
  const growth = {};
  for (const name of Object.keys(contenders)) {
    // The process's own limit for starting is too short for so many requests: it is ready when it has been through them.
    const child = await startChild(
      'growth-load.mjs',
      [name, server.url, String(USERS)],
      ['--expose-gc'],
      300_000,
    );
    await child.stop();
    growth[name] = child.bytes / 1e6;
  }
  await server.stop();
  return {
    title: `${USERS.toLocaleString('en')} users through a cache of 1,000`,
    lines: [
      {
        what: 'heap growth after collection',
        figure: megabytes(growth.ours),
        peer: '@cloudflare/flagship',
        peerFigure: megabytes(growth.vendor),
        wanted: `≤ ${MOST} MB`,
        reached: growth.ours <= MOST,
      },
    ],
  };
}

const megabytes = (number) => `${number.toFixed(2)} MB`;
