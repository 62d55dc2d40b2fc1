import KeyvRedis from '@keyv/redis';
import { Redis } from 'ioredis';
import { type CacheStore } from 'nestjs-flagship';
import { answer, askNew, times } from '../../fixtures/open-providers';
import { waitUntil } from '../../fixtures/wait-until';
import { useCleanup } from '../../fixtures/use-cleanup';
import { describeWithRedis } from '../../fixtures/redis-server';
import { LONG, useRedis } from '../../fixtures/use-redis';

describeWithRedis('a client of Redis that is no cache', () => {
  const shared = useRedis();
  const cleanUp = useCleanup();

  const answers = async () => (await shared.keys()).filter((key) => /:v\d+:/.test(key));
  const clients: Readonly<Record<string, () => Promise<CacheStore>>> = {
    'of node-redis': async () => {
      // Keyv's adapter is made of such a client.
      const adapter = new KeyvRedis<string>(shared.url);
      cleanUp(() => adapter.disconnect(true));
      return (await adapter.getClient()) as unknown as CacheStore;
    },
    'of ioredis': async () => {
      const client = new Redis(shared.url);
      cleanUp(() => client.disconnect());
      await client.ping();
      return client as unknown as CacheStore;
    },
    'of ioredis, wrapped so that the time is lost': async () => {
      const client = new Redis(shared.url);
      cleanUp(() => client.disconnect());
      await client.ping();
      return {
        get: (key) => client.get(key),
        set: (key, value) => client.set(key, String(value)),
        del: (key: string) => client.del(key),
      } as CacheStore;
    },
    'of ioredis, wrapped so that the time is in seconds': async () => {
      const client = new Redis(shared.url);
      cleanUp(() => client.disconnect());
      await client.ping();
      return {
        get: (key) => client.get(key),
        set: (key, value, ttl) => client.set(key, String(value), 'EX', ttl ?? 1),
        del: (key: string) => client.del(key),
      } as CacheStore;
    },
  };

  it.each(Object.entries(clients))(
    '%s is refused with a hint at the remedy, and leaves no key behind',
    async (_, create) => {
      shared.server.script(answer(true));
      const provider = shared.open({ cacheTtl: LONG, cacheStore: await create() });
      await provider.initialize();
      await Promise.all(times(50, () => askNew(provider)));
      // On a busy machine a read may take too long, too.
      const refusals = () =>
        shared.log.filter((line) => /^warn .*"cacheStore".*createCache.*KeyvRedis/.test(line));
      await waitUntil(() => refusals().length > 0, 'it is told of');
      for (const details of await Promise.all(times(50, () => askNew(provider))))
        expect(details).toMatchObject({ value: true, reason: 'STATIC' });
      await waitUntil(async () => (await answers()).length === 0, 'the answers are gone');
      await provider.onClose();
      await waitUntil(async () => (await shared.keys()).length === 0, 'the probe is gone');
      expect(refusals()).toHaveLength(1);
    },
  );

  it('of ioredis is used if it is wrapped with the time in milliseconds', async () => {
    const client = new Redis(shared.url);
    cleanUp(() => client.disconnect());
    await client.ping();
    const cacheStore: CacheStore = {
      get: (key) => client.get(key),
      set: (key, value, ttl) => client.set(key, String(value), 'PX', ttl ?? 1),
    };
    shared.server.script(answer(true));
    const provider = shared.open({ cacheTtl: LONG, cacheStore });
    // A write that takes too long is skipped.
    await waitUntil(async () => {
      await Promise.all(times(50, () => askNew(provider)));
      return (await answers()).length >= 50;
    }, '50 answers are written');
    for (const key of await answers())
      expect(await shared.ask(`PTTL ${key}`)).toMatch(/^\+OK\r\n:[45]\d{5}\r/);
    expect(shared.log.filter((line) => line.includes('forget'))).toEqual([]);
  });
});
