// A binding of Cloudflare's in a Node process: contexts and errors that no evaluation vector has.
import assert from 'node:assert/strict';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { ACCOUNT, startWorkers, toStoredFlag } from './workers.mjs';

const flag = (key, [off, on], conditions) =>
  toStoredFlag({
    key,
    enabled: true,
    default_variation: 'off',
    variations: { off, on },
    rules: conditions ? [{ conditions, serve_variation: 'on' }] : [],
    metadata: { owner: 'web' },
  });
const FLAGS = [
  flag('boolean', [true, false]),
  flag('string', ['text', 'other']),
  flag('number', [2.5, 1]),
  flag('object', [{ a: [1, null] }, {}]),
  flag(
    'since',
    [false, true],
    [{ attribute: 'since', operator: 'less_than', value: '2030-01-01T00:00:00Z' }],
  ),
  flag('left-out', [false, true], [{ attribute: 'missing', operator: 'not_equals', value: 'x' }]),
];
const VALUES = { boolean: true, string: 'text', number: 2.5, object: { a: [1, null] } };
const OTHERS = { boolean: false, string: 'default', number: -1, object: { default: true } };

const workers = await startWorkers();
const provider = new FlagshipServerProvider({ binding: workers.binding });
const caching = new FlagshipServerProvider({ binding: workers.binding, cacheTtl: 60_000 });
const ask = (type, key, context = {}, from = provider) =>
  ({
    boolean: from.resolveBooleanEvaluation,
    string: from.resolveStringEvaluation,
    number: from.resolveNumberEvaluation,
    object: from.resolveObjectEvaluation,
  })[type].call(from, key, OTHERS[type], context);
const holds = async (key, context) => (await ask('boolean', key, context)).value;

async function checkTypes() {
  for (const type of Object.keys(VALUES)) {
    for (const asked of Object.keys(VALUES)) {
      const { value, reason, errorCode, flagMetadata } = await ask(asked, type);
      const expected =
        asked === type ? [VALUES[type], 'STATIC', undefined] : [OTHERS[asked], 'ERROR', 'TYPE_MISMATCH'];
      assert.deepEqual([value, reason, errorCode], expected, `${type} asked as ${asked}`);
      assert.deepEqual(flagMetadata, { owner: 'web' });
    }
    const { value, errorCode } = await ask(type, 'nowhere');
    assert.deepEqual([value, errorCode], [OTHERS[type], 'FLAG_NOT_FOUND']);
  }
}

async function checkContexts() {
  const context = Object.freeze({
    since: new Date('2029-12-31T23:00:00-02:00'),
    more: [{ since: new Date(0) }],
  });
  assert.equal(await holds('since', context), false);
  assert.equal(await holds('since', { ...context, since: new Date('2029-12-31') }), true);
  assert.equal(await holds('left-out', { missing: undefined }), false);
  assert.equal(await holds('left-out', { missing: null }), true);
  const circle = {};
  circle.self = circle;
  for (const value of [NaN, Infinity, () => 1, 1n, Symbol('s'), new Map(), new Date(NaN), circle]) {
    for (const invalid of [{ value }, { list: [value] }, { object: { deep: { value } } }]) {
      const { value: given, errorCode } = await ask('boolean', 'boolean', invalid);
      assert.deepEqual([given, errorCode], [OTHERS.boolean, 'INVALID_CONTEXT'], typeof value);
    }
  }
}

async function checkCache() {
  const first = await ask('string', 'string', { tags: ['a'] }, caching);
  assert.deepEqual([first.value, first.reason], ['text', 'STATIC']);
  await workers.admin.putFlag(flag('string', ['new', 'other']));
  const cached = await ask('string', 'string', { tags: ['a'] }, caching);
  assert.deepEqual([cached.value, cached.reason, cached.flagMetadata], ['text', 'CACHED', { owner: 'web' }]);
  assert.equal((await ask('string', 'string', { tags: ['b'] }, caching)).value, 'new');
}

try {
  await workers.admin.putFlags(FLAGS, ACCOUNT);
  await checkTypes();
  await checkContexts();
  await checkCache();
} finally {
  await Promise.all([provider.onClose(), caching.onClose()]);
  await workers.close();
}
