// The bundled application in workerd, with each source that works there.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { startLocalFlagship } from 'nestjs-flagship/local';
import { ACCOUNT, startWorkers, toStoredFlag } from './workers.mjs';

const PRO = [
  { conditions: [{ attribute: 'plan', operator: 'equals', value: 'pro' }], serve_variation: 'on' },
];
const flag = (key, [off, on]) =>
  toStoredFlag({ key, enabled: true, default_variation: 'off', variations: { off, on }, rules: PRO });
const homePage = flag('home-page', ['classic', 'modern']);
const FLAGS = [homePage, flag('new-checkout', [false, true])];

/** Delays responses while `isHeld`, so that a request to the Worker ends before its evaluation. */
const slow = { isHeld: false, held: [] };
const server = createServer((_, response) => {
  if (slow.isHeld) slow.held.push(response);
  else response.end();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const flagship = await startLocalFlagship({
  port: 0,
  appId: 'shop',
  accountId: ACCOUNT,
  flags: Object.fromEntries(FLAGS.map((one) => [one.key, one])),
});
const workers = await startWorkers({
  FLAGSHIP_URL: flagship.url,
  SLOW_URL: `http://127.0.0.1:${server.address().port}`,
});

const question = (plan) => ({
  type: 'string',
  flagKey: 'home-page',
  defaultValue: 'default',
  context: { plan },
});
const homePageOf = async (source, plan) => {
  const { value, reason, errorMessage } = await workers.evaluate(source, question(plan));
  return [value, errorMessage ?? reason];
};

async function checkSource(source) {
  assert.deepEqual(await homePageOf(source, 'pro'), ['modern', 'TARGETING_MATCH'], source);
  assert.deepEqual(await homePageOf(source, 'free'), ['classic', 'DEFAULT'], source);
}

async function checkSources() {
  for (const source of ['binding', 'cached', 'remote', 'local-evaluation']) await checkSource(source);
  assert.deepEqual(await homePageOf('cached', 'pro'), ['modern', 'CACHED']);
  assert.deepEqual(await homePageOf('definitions', 'free'), ['modern', 'STATIC']);
  // All at once: requests share evaluations, but no answers for others.
  const plans = Array.from({ length: 40 }, (_, index) => (index % 2 ? 'pro' : 'free'));
  const pages = await Promise.all(plans.map((plan) => homePageOf('binding', plan)));
  assert.deepEqual(
    pages.map(([page]) => page),
    plans.map((plan) => (plan === 'pro' ? 'modern' : 'classic')),
  );
  // A closed application starts again with the next request.
  assert.equal((await workers.fetch('/binding/close')).body, 'closed');
  await checkSource('binding');
}

/** Runs a request that ends before its evaluation or refresh, whose promises `workerd` drops then. */
async function abandon(path, body) {
  slow.isHeld = true;
  assert.equal((await workers.fetch(path, { method: 'POST', body: JSON.stringify(body) })).body, 'abandoned');
  slow.isHeld = false;
  for (const response of slow.held.splice(0)) response.destroy();
}

/** What a request has left behind must neither delay nor fail a later one. */
async function checkAbandoned() {
  await checkSource('abandoned');
  await abandon('/abandoned/abandon', question('pro'));
  await checkSource('abandoned');
  flagship.setFlags({ 'home-page': 'new', 'new-checkout': false });
  for (let round = 0; round < 2; round++) await abandon('/local-evaluation/abandon-refresh');
  assert.equal((await workers.fetch('/local-evaluation/refresh')).body, true);
  assert.deepEqual(await homePageOf('local-evaluation', 'pro'), ['new', 'STATIC']);
}

/** Nest's HTTP application on Express: guard, parameter and service see the request's attributes. */
async function checkNest() {
  const ask = async (path, plan) => workers.fetch(`/nest${path}`, { headers: { plan } });
  const requests = [ask('/', 'pro'), ask('/', 'free'), ask('/checkout', 'pro'), ask('/checkout', 'free')];
  const [pro, free, open, hidden] = await Promise.all(requests);
  assert.deepEqual(pro, { status: 200, body: { parameter: 'modern', service: 'modern' } });
  assert.deepEqual(free, { status: 200, body: { parameter: 'classic', service: 'classic' } });
  assert.deepEqual(open, { status: 200, body: { checkout: 'new' } });
  assert.equal(hidden.status, 404);
}

try {
  await workers.admin.putFlags(FLAGS, ACCOUNT);
  await checkSources();
  await checkAbandoned();
  await checkNest();
} finally {
  await workers.close();
  await flagship.close();
  server.closeAllConnections();
  server.close();
}
