import assert from 'node:assert/strict';
import { Command } from '../../../tools/command.cjs';
import { waitUntil } from '../../../tools/waiting.cjs';

const START_LIMIT = 30_000;
const END_LIMIT = 10_000;
const EDIT_LIMIT = 10_000;

export const ADAPTERS = ['express', 'fastify'];
export const MODES = ['remote', 'local-evaluation'];

/** Starts a consumer's shop, asks it as its visitors would, closes it, and waits for its process to end. */
export async function checkShop({ folder, main, node, adapter, mode }) {
  const shop = new Command(node.file, [...(node.args ?? []), main, adapter, mode], {
    cwd: folder,
    env: node.env,
    stdin: 'pipe',
  });
  try {
    const url = await shop.firstLine(START_LIMIT);
    await askAsVisitors(url);
    if (mode === 'remote') await followsEdit(shop, url);
    shop.stdin.end();
    await shop.success(END_LIMIT);
    assert.equal(shop.stderr, '', 'warnings on the standard error');
  } catch (error) {
    throw error.output === undefined ? shop.error(error.message) : error;
  } finally {
    shop.kill();
  }
}

async function askAsVisitors(url) {
  const ada = { 'x-user': 'ada', 'x-plan': 'pro' };
  const bob = { 'x-user': 'bob' };
  // All at once: what one visitor is told must not reach another.
  const [forAda, forBob, forNobody, adasCheckout, bobsCheckout, nowhere] = await Promise.all([
    ask(url, '/', ada),
    ask(url, '/', bob),
    ask(url, '/', {}),
    ask(url, '/checkout', ada),
    ask(url, '/checkout', bob),
    ask(url, '/nowhere', bob),
  ]);
  const usual = { page: 'plain', amount: 100, checkout: false, because: 'DEFAULT' };
  assert.deepEqual(forAda.body, { page: 'modern', amount: 80, checkout: true, because: 'TARGETING_MATCH' });
  assert.deepEqual(forBob.body, usual);
  assert.deepEqual(forNobody.body, usual);
  assert.deepEqual(adasCheckout, { status: 200, body: { checkout: 'new' } });
  assert.equal(bobsCheckout.status, 404);
  assert.deepEqual(withoutPath(bobsCheckout.body), withoutPath(nowhere.body));
}

/** What the operator changes at Flagship, the next visitor sees. */
async function followsEdit(shop, url) {
  shop.stdin.write(`${JSON.stringify({ 'new-checkout': true })}\n`);
  const isSeen = async () => (await ask(url, '/checkout', { 'x-user': 'bob' })).status === 200;
  await waitUntil(isSeen, 'an edit at Flagship arrives', EDIT_LIMIT);
}

async function ask(url, path, headers) {
  const response = await fetch(new URL(path, url), { headers });
  return { status: response.status, body: await response.json() };
}

function withoutPath(body) {
  return { ...body, message: body.message.replace(/ \S+$/, '') };
}
