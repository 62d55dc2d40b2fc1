// Each evaluation vector through a binding of Cloudflare's: in this process, as `getPlatformProxy()` of wrangler gives
// one, and in workerd, by the bundled application.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FlagshipServerProvider } from 'nestjs-flagship';
import { startWorkers, toStoredFlag } from './workers.mjs';

const { accountId, cases } = JSON.parse(await readFile('vectors.json', 'utf8'));
/** The flags that the local Flagship refuses to store, though its evaluation has an answer for them. */
const REFUSED = ['in-non-array-target', 'missing-serve-variation', 'missing-default-variation'];
const DEFAULTS = { boolean: false, string: 'default', number: -1, object: { default: true } };
const METHODS = {
  boolean: 'resolveBooleanEvaluation',
  string: 'resolveStringEvaluation',
  number: 'resolveNumberEvaluation',
  object: 'resolveObjectEvaluation',
};
/** With one of two equal parts missing, this many evaluations fail once in 10^30 runs. */
const RANDOM_ROUNDS = 100;

async function checkVector({ name, flag, context, expected }, ask) {
  const type = typeof Object.values(flag.variations)[0];
  const question = { type, flagKey: flag.key, defaultValue: DEFAULTS[type], context };
  if (expected.reasonOneOf) {
    const reasons = new Set();
    for (let round = 0; round < RANDOM_ROUNDS && reasons.size < 2; round++)
      reasons.add((await ask(question)).reason);
    assert.deepEqual([...reasons].sort(), [...expected.reasonOneOf].sort(), name);
    return;
  }
  const { value, variant, reason, errorCode, flagMetadata = {} } = await ask(question);
  const actual = JSON.parse(JSON.stringify({ value, variant, reason, errorCode, flagMetadata }));
  assert.deepEqual(actual, detailsOf(name, expected, DEFAULTS[type]), name);
}

function detailsOf(name, expected, defaultValue) {
  if (expected.error)
    return { value: defaultValue, reason: 'ERROR', errorCode: expected.error, flagMetadata: {} };
  const flagMetadata = { vector: name };
  if (expected.reason === 'DISABLED') return { value: defaultValue, reason: 'DISABLED', flagMetadata };
  return { ...expected, flagMetadata };
}

async function checkVectors(workers, vectors, prepare) {
  const provider = new FlagshipServerProvider({ binding: workers.binding });
  for (const vector of vectors) {
    await prepare(vector);
    await checkVector(vector, ({ type, flagKey, defaultValue, context }) =>
      provider[METHODS[type]](flagKey, defaultValue, context),
    );
    await checkVector(vector, (question) => workers.evaluate('binding', question));
  }
  await provider.onClose();
}

const storedFlag = ({ name, flag }) => toStoredFlag({ ...flag, metadata: { vector: name } });

async function checkStorable(workers) {
  await workers.admin.setAccountTag(accountId);
  await checkVectors(
    workers,
    cases.filter(({ name }) => !REFUSED.includes(name)),
    (vector) => workers.admin.putFlag(storedFlag(vector)),
  );
  for (const vector of cases.filter(({ name }) => REFUSED.includes(name))) {
    await assert.rejects(async () => workers.admin.putFlag(storedFlag(vector)), vector.name);
    await workers.admin.putFlag({ ...storedFlag(cases[0]), key: vector.flag.key });
  }
}

/** Writes flags into the store's file, past the checks of the local Flagship. */
async function writeRefused(folder) {
  const files = await readdir(folder, { recursive: true });
  const databases = files.filter((file) => file.endsWith('.sqlite') && !file.endsWith('metadata.sqlite'));
  assert.equal(databases.length, 1, databases.join(', '));
  const database = new DatabaseSync(join(folder, databases[0]));
  const update = database.prepare('UPDATE flags SET definition = ? WHERE key = ?');
  for (const vector of cases.filter(({ name }) => REFUSED.includes(name)))
    assert.equal(update.run(JSON.stringify(storedFlag(vector)), vector.flag.key).changes, 1);
  database.close();
}

assert.equal(cases.length, 80);
const folder = await mkdtemp('store-');
let workers = await startWorkers({}, folder);
try {
  await checkStorable(workers);
  await workers.close();
  await writeRefused(folder);
  workers = await startWorkers({}, folder);
  const vectors = cases.filter(({ name }) => REFUSED.includes(name));
  await checkVectors(workers, vectors, () => undefined);
} finally {
  await workers.close();
  await rm(folder, { recursive: true });
}
