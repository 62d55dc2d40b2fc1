import { createCache } from 'cache-manager';
import { type FlagshipServerProvider } from 'nestjs-flagship';
import { answer, askNew, times } from '../../fixtures/open-providers';
import { waitUntil } from '../../fixtures/wait-until';
import { describeWithRedis } from '../../fixtures/redis-server';
import { LONG, useRedis } from '../../fixtures/use-redis';

describeWithRedis('a Redis that instances share', () => {
  const shared = useRedis();
  // Whether the store has failed is known for sure only while the machine's pace plays no part.
  beforeEach(() => shared.liftLimit());

  const questions = 50;
  const askMany = async (provider: FlagshipServerProvider): Promise<void> => {
    const all = await Promise.all(times(questions, () => askNew(provider)));
    for (const details of all) expect(details).toMatchObject({ value: true, reason: 'STATIC' });
  };

  it('is passed over while it hangs, logs one warning, and is used again when it answers', async () => {
    shared.server.script(answer(true));
    const provider = await shared.instance();
    await provider.initialize();
    await askNew(provider);
    await shared.hasKeys(1);
    shared.setLimit();
    shared.redis.hang();
    shared.server.script(answer(true));
    const first = askNew(provider);
    await shared.server.received(1);
    expect(await first).toMatchObject({ value: true });
    for (let round = 0; round < 5; round++) await askMany(provider);
    expect(shared.lines).toEqual([expect.stringMatching(/^warn .*"cacheStore".*fails.*within 50 ms/)]);

    shared.liftLimit();
    shared.redis.wake();
    await waitUntil(async () => (await askNew(provider), shared.lines.length > 1), 'it is used again');
    expect(shared.lines).toHaveLength(2);
    expect(shared.lines[1]).toMatch(/^log .*"cacheStore".*works again/);
    const before = (await shared.keys()).length;
    await waitUntil(async () => {
      await askMany(provider);
      return (await shared.keys()).length >= before + questions;
    }, 'answers are stored again');
    expect(shared.lines).toHaveLength(2);
  });

  it('fails no evaluation when it ends and restarts, logs one warning, and is used again', async () => {
    shared.server.script(answer(true));
    const provider = await shared.instance();
    await provider.initialize();
    await askNew(provider);
    await shared.hasKeys(1);
    shared.setLimit();
    const underWay = askMany(provider);
    await shared.redis.kill();
    await underWay;
    await waitUntil(async () => (await askMany(provider), shared.lines.length > 0), 'it is told of');
    for (let round = 0; round < 5; round++) await askMany(provider);
    expect(shared.lines).toEqual([expect.stringMatching(/^warn .*"cacheStore".*fails/)]);

    shared.liftLimit();
    await shared.redis.restart();
    await waitUntil(async () => (await askMany(provider), shared.lines.length > 1), 'it is used again');
    expect(shared.lines.slice(1)).toEqual([expect.stringMatching(/^log .*works again/)]);
    await waitUntil(async () => {
      await askMany(provider);
      return (await shared.keys()).length >= questions;
    }, 'answers are stored again');
    expect(shared.lines).toHaveLength(2);
  });

  it('fails no evaluation if it is missing at the start, and is used once it has started', async () => {
    shared.setLimit();
    await shared.redis.kill();
    shared.server.script(answer(true));
    const cacheStore = createCache({ stores: [shared.connection()] });
    const provider = shared.open({ cacheTtl: LONG, cacheStore });
    await provider.initialize();
    for (let round = 0; round < 5; round++) await askMany(provider);
    expect(shared.lines).toEqual([expect.stringMatching(/^warn .*"cacheStore".*fails/)]);
    await shared.redis.restart();
    await waitUntil(async () => (await askMany(provider), (await shared.keys()).length > 0), 'it is used');
    await provider.onClose();
  });
});
