// Answers or hangs, as the parent commands, and counts the requests between two commands.
import { createServer } from 'node:http';
import { listenOnLoopback, serveParent } from '../../tools/child-side.cjs';

let requests = 0;
let isHanging = false;

const server = createServer((request, response) => {
  requests++;
  if (isHanging) return;
  const flagKey = new URL(request.url, 'http://host').searchParams.get('flagKey');
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ flagKey, value: true, variant: 'on', reason: 'TARGETING_MATCH' }));
});

/** Obeys, and returns how many requests there were since the last command. */
function obey(command) {
  isHanging = command === 'hang';
  const answer = { requests };
  requests = 0;
  return answer;
}

serveParent({ url: await listenOnLoopback(server) }, { answer: obey });
