import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedFlags, serves } from '../../fixtures/definitions';
import { useLocalEvaluation } from '../../fixtures/use-local-evaluation';

const local = useLocalEvaluation();
const never = () => undefined;

describe('closing', () => {
  it('drops the flags', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' })));
    const { provider } = await local.start();
    await provider.onClose();
    expect(await provider.resolveStringEvaluation('a', 'default', {})).toMatchObject({
      value: 'default',
      errorCode: 'PROVIDER_NOT_READY',
    });
  });

  it('ignores a refresh under way, and the answer that comes for it', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' })));
    let answer: ServerResponse | undefined;
    const fetch: typeof globalThis.fetch = async (url, init) =>
      // One that does not listen to its signal: the answer does arrive after the end.
      globalThis.fetch(url, { ...init, signal: undefined });
    const { provider, events } = await local.start({ fetch });
    local.server.script((response) => void (answer = response));
    const refresh = provider.refresh();
    await local.server.received(1);
    await provider.onClose();
    expect(await refresh).toBe(false);
    const finished = once(answer!, 'finish');
    answer!.end(JSON.stringify({ flags: fixedFlags({ a: 'late' }) }));
    await finished;
    expect(events).toEqual([]);

    local.server.script(never);
    const reopened = provider.initialize().catch(never);
    await local.server.received(1);
    expect((await provider.resolveStringEvaluation('a', 'default', {})).value).toBe('default');
    await provider.onClose();
    await reopened;
  });

  it('ends a start under way', async () => {
    local.server.script(never);
    const provider = local.create();
    const start = provider.initialize();
    const failed = expect(start).rejects.toThrow(/closed/);
    await local.server.received(1);
    await provider.onClose();
    await failed;
  });

  it('can be followed by opening again, with an unconditional load', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' }), '"1"'));
    const { provider, events } = await local.start();
    await provider.onClose();
    local.server.script(serves(fixedFlags({ a: 'two' }), '"1"'));
    await provider.initialize();
    expect(local.server.requests[0]?.headers['if-none-match']).toBeUndefined();
    expect((await provider.resolveStringEvaluation('a', 'default', {})).value).toBe('two');
    expect(await provider.refresh()).toBe(true);
    expect(events).toEqual([]);
  });

  it('can be followed by opening again while the closing is still going on', async () => {
    local.server.script(serves(fixedFlags({ a: 'one' })));
    const { provider } = await local.start();
    const closed = provider.onClose();
    const opened = provider.initialize();
    await Promise.all([closed, opened]);
    expect((await provider.resolveStringEvaluation('a', 'default', {})).value).toBe('one');
    expect(await provider.refresh()).toBe(true);
  });

  it('stops the timer: another provider goes on polling, the closed one does not', async () => {
    local.server.script(serves({}));
    const provider = local.create({ refreshInterval: 2, headers: { 'x-closed': '1' } });
    await provider.initialize();
    await local.server.received(3);
    await provider.onClose();
    expect(await strays()).toBe(0);
  });

  it('waits for definitions that are being kept on disk, and leaves no timer behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flagship-'));
    const filler = Array.from({ length: 800 }, (_, index) => [`flag-${index}`, 'x'.repeat(10_000)]);
    local.server.script(serves(fixedFlags(Object.fromEntries(filler))));
    const provider = local.create({
      refreshInterval: 2,
      headers: { 'x-closed': '1' },
      definitionsCache: join(folder, 'kept.json'),
    });
    let hasStarted = false;
    const start = provider.initialize().then(() => (hasStarted = true), never);
    // Looks at every turn of the event loop: the file is whole a few turns later.
    while (readdirSync(folder).length === 0) await new Promise(setImmediate);
    expect(hasStarted).toBe(false);
    await provider.onClose();
    const left = readdirSync(folder);
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await start;
    expect(readdirSync(folder)).toEqual(left);
    expect(await strays()).toBe(0);
    rmSync(folder, { recursive: true });
  });

  /** Requests of the closed provider while another one with its interval sends several. */
  async function strays(): Promise<number> {
    local.server.script(serves({}));
    const other = local.create({ refreshInterval: 2 });
    await other.initialize();
    await local.server.received(20);
    await other.onClose();
    return local.server.requests.filter(({ headers }) => headers['x-closed'] === '1').length;
  }
});
