import { createRequire } from 'node:module';
import { LRUCache } from 'lru-cache';
import { nextContext } from '../support/context.mjs';
import { duration, times } from '../support/figures.mjs';
import { interleave } from '../support/rounds.mjs';

// Parts of the package that no entry exports: the two ways to find a context in memory.
const require = createRequire(import.meta.url);
const { canonicalContext } = require('../../dist/caching/canonical-context.js');
const { cacheKey, MemoryCache } = require('../../dist/caching/memory-cache.js');

const USERS = 500;
const CALLS = 100_000;
const TTL_MS = 3_600_000;
const RESOLUTION = { value: true, variant: 'on', reason: 'CACHED', notFound: undefined };

/** A look-up by a hash that is then compared, as the cache does it, and by the canonical text of the context. */
export async function cacheKeys() {
  const memory = new MemoryCache(1000, 1e9, false);
  const byText = new LRUCache({ max: 1000, maxSize: 1e9, ttl: TTL_MS });
  const textKey = (context) => `boolean:flag:${canonicalContext(context)}`;
  for (let user = 0; user < USERS; user++) {
    const context = nextContext();
    memory.set(cacheKey('flag', 'boolean', context), RESOLUTION, TTL_MS, TTL_MS);
    byText.set(textKey(context), RESOLUTION, { size: 1 });
  }
  const figures = await interleave(
    {
      compared: () => nanosecondsOfCpu(() => memory.get('flag', 'boolean', nextContext())),
      text: () => nanosecondsOfCpu(() => byText.get(textKey(nextContext()))),
    },
    9,
  );
  const ratio = figures.text / figures.compared;
  const line = {
    what: 'hash and comparison',
    figure: duration(figures.compared),
    peer: 'canonical text',
    peerFigure: duration(figures.text),
    ratio: times(ratio),
    wanted: `≥ ${times(1.1)}`,
    reached: ratio >= 1.1,
  };
  return { title: 'Finding one of 500 contexts in memory, CPU time', lines: [line] };
}

/** CPU time of one call, in nanoseconds. */
function nanosecondsOfCpu(call) {
  const before = process.cpuUsage();
  for (let count = 0; count < CALLS; count++) {
    if (call() === undefined) throw new Error('a resolution that is in the cache was not found');
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / CALLS;
}
