// Answers every request with the same evaluation. Written on sockets, not on node:http: on two cores the server has to
// be so cheap that the client is what is measured.
import { createServer } from 'node:net';
import { listenOnLoopback, serveParent } from '../../tools/child-side.cjs';

const END_OF_HEAD = '\r\n\r\n';

const body = JSON.stringify({
  flagKey: 'new-checkout',
  value: true,
  variant: 'on',
  reason: 'TARGETING_MATCH',
});
const answer = Buffer.from(
  [
    'HTTP/1.1 200 OK',
    'content-type: application/json',
    'connection: keep-alive',
    'keep-alive: timeout=60',
    `content-length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n'),
);

const server = createServer((socket) => {
  let rest = '';
  socket.setNoDelay(true);
  socket.on('data', (chunk) => {
    const heads = (rest + chunk.toString('latin1')).split(END_OF_HEAD);
    rest = heads.pop();
    for (let count = heads.length; count > 0; count--) socket.write(answer);
  });
  socket.on('error', () => socket.destroy());
});

serveParent({ url: await listenOnLoopback(server) });
