import { stopChildren } from '../tools/child-process.cjs';
import { bounded } from './sections/bounded.mjs';
import { cacheKeys } from './sections/cache-key.mjs';
import { cached } from './sections/cached.mjs';
import { download } from './sections/download.mjs';
import { flights } from './sections/flights.mjs';
import { growth } from './sections/growth.mjs';
import { localService } from './sections/local-service.mjs';
import { load } from './sections/load.mjs';
import { local } from './sections/local.mjs';
import { outage } from './sections/outage.mjs';
import { remote } from './sections/remote.mjs';
import { requireTime } from './sections/require.mjs';
import { routes } from './sections/routes.mjs';
import { service } from './sections/service.mjs';
import { removeNests } from './support/nests.mjs';
import { printTable } from './support/table.mjs';

const sections = {
  remote,
  cached,
  'cache-key': cacheKeys,
  require: requireTime,
  fastify: () => routes('fastify'),
  express: () => routes('express'),
  fastify12: () => routes('fastify', 12),
  express12: () => routes('express', 12),
  service,
  local,
  'local-service': localService,
  load,
  download,
  growth,
  outage,
  flights,
  bounded,
};

/** The sections named on the command line; all when there is none. */
function chosen(names) {
  const unknown = names.filter((name) => !Object.hasOwn(sections, name));
  if (unknown.length > 0) {
    throw new Error(`no section "${unknown.join('", "')}"; there are ${Object.keys(sections).join(', ')}`);
  }
  return names.length === 0 ? Object.keys(sections) : names;
}

// A figure that is missed is printed and no failure; a section that breaks is one.
try {
  for (const name of chosen(process.argv.slice(2))) {
    const { title, lines } = await sections[name]();
    printTable(title, lines);
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await stopChildren();
  await removeNests();
}
