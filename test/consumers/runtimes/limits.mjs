// What an evaluation over HTTP must keep in every runtime: its limits, and a process that ends by itself.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { FlagshipServerProvider } from 'nestjs-flagship';

const TIMEOUT_MS = 500;
const BEHAVIOURS = {
  hangs: () => undefined,
  'hangs in the body': (response) => response.write('{'),
  cuts: (response) => response.destroy(),
  redirects: (response) => response.writeHead(302, { location: '/right' }).end(),
  floods: (response) => response.end(JSON.stringify({ value: 'x'.repeat(1_000_000) })),
  refuses: (response) => response.writeHead(401).end('{}'),
  right: (response) =>
    response.end(JSON.stringify({ flagKey: 'flag', value: 'right', variant: 'on', reason: 'STATIC' })),
};
const ERRORS = {
  hangs: 'GENERAL',
  'hangs in the body': 'GENERAL',
  cuts: 'GENERAL',
  redirects: 'GENERAL',
  floods: 'PARSE_ERROR',
  refuses: 'GENERAL',
};

const server = createServer((request, response) => {
  const [, behaviour] = decodeURIComponent(request.url).split('/');
  BEHAVIOURS[behaviour](response);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
const providerOf = (behaviour, options = {}) =>
  new FlagshipServerProvider({
    endpoint: `http://127.0.0.1:${port}/${encodeURIComponent(behaviour)}/evaluate`,
    authToken: 'secret-token',
    timeout: TIMEOUT_MS,
    retries: 0,
    ...options,
  });
const ask = (provider) => provider.resolveStringEvaluation('flag', 'default', { targetingKey: 'ada' });

const right = providerOf('right');
const { value, variant, reason } = await ask(right);
assert.deepEqual({ value, variant, reason }, { value: 'right', variant: 'on', reason: 'STATIC' });
await right.onClose();
assert.equal((await ask(right)).errorCode, 'PROVIDER_NOT_READY');

for (const [behaviour, errorCode] of Object.entries(ERRORS)) {
  const provider = providerOf(behaviour);
  const details = await ask(provider);
  assert.deepEqual(
    [details.value, details.errorCode],
    ['default', errorCode],
    `${behaviour}: ${details.errorMessage}`,
  );
  assert.ok(!details.errorMessage.includes('secret-token'), behaviour);
  await provider.onClose();
}

// Closing ends an evaluation that is under way, long before its limit.
const closing = providerOf('hangs', { timeout: 600_000 });
const pending = ask(closing);
await once(server, 'request');
await closing.onClose();
assert.equal((await pending).value, 'default');

server.closeAllConnections();
server.close();
await once(server, 'close');
const unreachable = providerOf('right');
assert.deepEqual((await ask(unreachable)).errorCode, 'GENERAL');
await unreachable.onClose();
