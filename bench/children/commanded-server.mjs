// Answers, or hangs, as it is told to; tells how many requests it has had since the last command.
import { createServer } from 'node:http';

let requests = 0;
let isHanging = false;

const server = createServer((request, response) => {
  requests++;
  if (isHanging) return;
  const flagKey = new URL(request.url, 'http://host').searchParams.get('flagKey');
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ flagKey, value: true, variant: 'on', reason: 'TARGETING_MATCH' }));
});
server.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }));

process.on('message', (command) => {
  isHanging = command === 'hang';
  process.send({ requests });
  requests = 0;
});
process.on('disconnect', () => process.exit());
