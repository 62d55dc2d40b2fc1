import { createServer } from 'node:http';
import { listenOnLoopback, serveParent } from '../../tools/child-side.cjs';
import { formats, manyFlags } from '../support/flag-formats.mjs';

// Serves definitions of a given size in a process of its own, so that only the loading side is measured.
const [count, padding] = process.argv.slice(2).map(Number);
const definitions = manyFlags(formats.OURS, count);
for (const flag of Object.values(definitions.flags)) flag.variations.note = 'x'.repeat(padding);
const body = Buffer.from(JSON.stringify(definitions));

const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
});
serveParent({ url: await listenOnLoopback(server), size: body.length });
