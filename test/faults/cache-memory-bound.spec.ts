import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { answer, askFlag, openProviders } from '../fixtures/open-providers';
import { type ScriptedServer, startScriptedServer } from '../fixtures/scripted-server';

const MEGABYTE = 1024 * 1024;
const LONG = 60_000;

interface Filled {
  readonly name: string;
  readonly entries: number;
  readonly bytes: number;
}

it('answers in memory take no more than their bound, whatever they and their contexts are made of', async () => {
  const script = join(__dirname, '../fixtures/fill-memory-cache.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    ...['-r', 'ts-node/register/transpile-only'],
    script,
  ]);
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Filled);
  expect(all).toHaveLength(15);
  for (const { name, entries, bytes } of all) {
    // A quarter more than the bound: what the collector has not got to yet.
    expect([name, bytes / MEGABYTE, bytes < 40 * MEGABYTE]).toEqual([name, expect.any(Number), true]);
    expect(entries).toBeGreaterThan(10);
  }
}, 300_000);

describe('cacheMaxBytes', () => {
  let server: ScriptedServer;
  const open = openProviders(() => server);
  beforeAll(async () => {
    server = await startScriptedServer();
  });
  afterAll(() => server.close());

  const ask = (provider: ReturnType<typeof open>, user: string) =>
    provider.resolveStringEvaluation('flag', '', { targetingKey: user });

  it('bounds the answers, the least recently used going first', async () => {
    server.script(answer('x'.repeat(100_000)));
    const provider = open({ cacheTtl: LONG, cacheMaxBytes: MEGABYTE });
    for (const user of ['a', 'b', 'c', 'd', 'e']) {
      await ask(provider, user);
      await ask(provider, 'a');
    }
    await ask(provider, 'f');
    expect(provider.stats().cached).toBe(5);
    const reasons = async (users: string[]) =>
      await Promise.all(users.map(async (user) => (await ask(provider, user)).reason));
    expect(await reasons(['f', 'a'])).toEqual(['CACHED', 'CACHED']);
    expect(await reasons(['b'])).toEqual(['STATIC']);
  });

  it('keeps no answer that is larger by itself, nor the older one in its place', async () => {
    server.script(answer('small'), answer('x'.repeat(100_000)));
    const provider = open({ cacheTtl: 1, staleTtl: LONG, cacheMaxBytes: 50_000 });
    await ask(provider, 'a');
    expect(provider.stats().cached).toBe(1);
    // A turn of the event loop each: the cache reads the time once a turn.
    while ((await ask(provider, 'a')).value === 'small') await setImmediate();
    expect(provider.stats().cached).toBe(0);
    server.script({ status: 500 });
    expect(await ask(provider, 'a')).toMatchObject({ value: '', errorCode: 'GENERAL' });
  });

  it('leaves room for a thousand answers of a common size', async () => {
    server.script(answer(true));
    const provider = open({ cacheTtl: LONG });
    for (let user = 0; user < 1100; user += 100)
      await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          askFlag(provider, { targetingKey: `user-${user + index}`, plan: 'pro', note: 'x'.repeat(1000) }),
        ),
      );
    expect(provider.stats().cached).toBe(1000);
  });
});
