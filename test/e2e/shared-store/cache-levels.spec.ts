import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { type CacheStore, type FlagshipProviderOptions, type FlagshipServerProvider } from 'nestjs-flagship';
import { fixedFlags, serves } from '../../fixtures/definitions';
import { answer, askFlag, askNew } from '../../fixtures/open-providers';
import { waitUntil } from '../../fixtures/wait-until';
import { describeWithRedis } from '../../fixtures/redis-server';
import { LONG, useRedis } from '../../fixtures/use-redis';

describeWithRedis('a cache of several levels, one of them in Redis,', () => {
  const shared = useRedis();
  beforeEach(() => shared.liftLimit());

  const redis = () => shared.connected(shared.connection({ throwOnErrors: true }));

  const answers = async () => (await shared.keys()).filter((key) => /:v\d+:/.test(key));
  const textKey = async () => (await answers()).find((key) => key.endsWith('definitions:text'));
  const memory = () => new Keyv();
  const caches: Readonly<Record<string, () => Promise<CacheStore>>> = {
    'memory first': async () => createCache({ stores: [memory(), await redis()] }),
    'memory first, not waiting for both': async () =>
      createCache({ stores: [memory(), await redis()], nonBlocking: true }),
    'memory last': async () => createCache({ stores: [await redis(), memory()] }),
    'two memories first, with a time of its own': async () =>
      createCache({ stores: [memory(), memory(), await redis()], ttl: 5, refreshThreshold: 1000 }),
    'one level, not waiting': async () => createCache({ stores: [await redis()], nonBlocking: true }),
    'memory first, as a Cacheable names it': async () => {
      const [primary, secondary] = [memory(), await redis()];
      return {
        primary,
        secondary,
        get: async (key: string) => (await primary.get<unknown>(key)) ?? secondary.get<unknown>(key),
        set: (key: string, value: unknown, ttl?: number) =>
          Promise.all([primary.set(key, value, ttl), secondary.set(key, value, ttl)]),
      };
    },
  };

  describe.each(Object.entries(caches))('%s,', (_, create) => {
    const instance = async (
      options: Partial<FlagshipProviderOptions> = {},
    ): Promise<FlagshipServerProvider> =>
      shared.open({ cacheTtl: LONG, cacheStore: await create(), ...options });

    it('shares answers, and does not hide a definitive answer that another instance has stored', async () => {
      const options = { cacheTtl: 1, staleTtl: LONG };
      const cacheStore = await create();
      const [first, second] = [await instance({ ...options, cacheStore }), await instance(options)];
      shared.server.script(answer(true));
      await askFlag(first);
      await waitUntil(async () => (await answers()).length === 1, 'the answer');
      expect(await askFlag(second)).toMatchObject({ value: true });
      shared.server.script({ status: 404 });
      await waitUntil(async () => !(await askFlag(second)).value, 'the definitive answer');
      await waitUntil(
        async () => !(await shared.ask(`GET ${(await answers())[0]}`)).includes('true'),
        'the stored answer follows',
      );
      shared.server.script({ status: 500 });
      // The memory level of this cache has had the answer: it would be served as stale.
      const third = await instance({ ...options, cacheStore });
      expect(await askFlag(third)).toMatchObject({ value: false, errorCode: 'GENERAL' });
      expect(shared.log.filter((line) => line.includes('forget'))).toEqual([]);
    });

    it('shares definitions, and does not hide newer ones that another instance has stored', async () => {
      const cacheStore = await create();
      const options = { cacheTtl: undefined, localEvaluation: true, accountId: 'acc' };
      const valueOf = async (provider: FlagshipServerProvider) =>
        (await provider.resolveStringEvaluation('flag', '', {})).value;
      shared.server.script(serves(fixedFlags({ flag: 'one' }), '"1"'));
      const first = await instance({ ...options, cacheStore });
      await first.initialize();
      await waitUntil(async () => (await answers()).length === 2, 'the definitions');
      const second = await instance(options);
      await second.initialize();
      expect([await valueOf(second), second.stats().upstream?.requests]).toEqual(['one', 0]);

      shared.server.script(serves(fixedFlags({ flag: 'two' }), '"2"'));
      expect(await second.refresh()).toBe(true);
      await waitUntil(async () => (await shared.ask(`GET ${await textKey()}`)).includes('two'), 'the change');
      // The memory level of this cache has had the older ones.
      const third = await instance({ ...options, cacheStore });
      await third.initialize();
      expect([await valueOf(third), third.stats().upstream?.requests]).toEqual(['two', 0]);
    });
  });

  it('survives the end of Redis although the cache leaves rejections unhandled', async () => {
    const cacheStore = createCache({ stores: [new Keyv(), await redis()], nonBlocking: true });
    const provider = shared.open({ cacheTtl: LONG, cacheStore });
    shared.server.script(answer(true));
    await provider.initialize();
    await askNew(provider);
    shared.setLimit();
    await shared.redis.kill();
    await waitUntil(async () => (await askNew(provider), shared.log.length > 0), 'it is told of');
    expect(shared.log).toEqual([expect.stringMatching(/^warn .*"cacheStore".*fails/)]);
    await shared.redis.restart();
  });
});
