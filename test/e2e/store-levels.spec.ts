import KeyvRedis from '@keyv/redis';
import { createCache } from 'cache-manager';
import { Redis } from 'ioredis';
import { Keyv } from 'keyv';
import { type CacheStore, type FlagshipProviderOptions, type FlagshipServerProvider } from 'nestjs-flagship';
import { captureLog } from '../fixtures/captured-log';
import { fixedFlags, serves } from '../fixtures/definitions';
import { answer, askFlag, askNew, openProviders, times } from '../fixtures/open-providers';
import { type ProcessWatch, watchProcess } from '../fixtures/process-watch';
import { hasRedis, type RedisServer, startRedis } from '../fixtures/redis-server';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { waitUntil } from '../fixtures/wait-until';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';

const LONG = 60_000;
const PATIENCE = 15_000;

// Evaluations wait 50 ms for the store and no longer. A busy machine may take more than that at times, and then the answer
// rightly comes from Flagship.
jest.retryTimes(3, { logErrorsBeforeRetry: true });

(hasRedis() ? describe : describe.skip)('with a real Redis,', () => {
  let redis: RedisServer;
  let server: ScriptedServer;
  let watch: ProcessWatch;
  let lines: string[];
  let database = 0;
  const open = openProviders(() => server);
  const servers = useServer();
  const cleanUp = useCleanup();

  beforeAll(async () => {
    [redis, server] = await Promise.all([startRedis(), servers.start()]);
  });
  beforeEach(() => {
    database++;
    watch = watchProcess();
    lines = captureLog();
  });
  afterEach(async () => {
    expect(watch.problems).toEqual([]);
    watch.stop();
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await redis.close();
  });

  const ask = (command: string) => redis.ask(command, database);
  const keys = async (): Promise<string[]> =>
    (await ask('KEYS *')).split('\r\n').filter((line) => line.includes('nestjs-flagship'));
  const answers = async () => (await keys()).filter((key) => /:v\d+:/.test(key));
  const textKey = async () => (await answers()).find((key) => key.endsWith('definitions:text'));
  /** A connection of its own, as each process has. */
  const shared = async (): Promise<Keyv> => {
    const keyv = new Keyv({
      store: new KeyvRedis(`${redis.url}/${database}`, { throwOnErrors: true }),
      throwOnErrors: true,
    });
    keyv.on('error', () => undefined);
    cleanUp(() => (keyv.store as KeyvRedis<string>).disconnect(true));
    await keyv.get('anything');
    return keyv;
  };

  describe('a cache of two levels', () => {
    const memory = () => new Keyv();
    const caches: Readonly<Record<string, () => Promise<CacheStore>>> = {
      'memory first': async () => createCache({ stores: [memory(), await shared()] }),
      'memory first, not waiting for both': async () =>
        createCache({ stores: [memory(), await shared()], nonBlocking: true }),
      'memory last': async () => createCache({ stores: [await shared(), memory()] }),
      'two memories first, with a time of its own': async () =>
        createCache({ stores: [memory(), memory(), await shared()], ttl: 5, refreshThreshold: 1000 }),
      'one level, not waiting': async () => createCache({ stores: [await shared()], nonBlocking: true }),
      'memory first, as a Cacheable names it': async () => {
        const [primary, secondary] = [memory(), await shared()];
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
      ): Promise<FlagshipServerProvider> => open({ cacheTtl: LONG, cacheStore: await create(), ...options });

      it('shares answers, and hides no verdict of another instance', async () => {
        const options = { cacheTtl: 1, staleTtl: LONG };
        const cacheStore = await create();
        const [first, second] = [await instance({ ...options, cacheStore }), await instance(options)];
        server.script(answer(true));
        await askFlag(first);
        await waitUntil(async () => (await answers()).length === 1, 'the answer');
        expect(await askFlag(second)).toMatchObject({ value: true });
        server.script({ status: 404 });
        await waitUntil(async () => !(await askFlag(second)).value, 'the verdict');
        await waitUntil(
          async () => !(await ask(`GET ${(await answers())[0]}`)).includes('true'),
          'it is there',
        );
        server.script({ status: 500 });
        // The memory level of this cache has had the answer: it would be served as stale.
        const third = await instance({ ...options, cacheStore });
        expect(await askFlag(third)).toMatchObject({ value: false, errorCode: 'GENERAL' });
        expect(lines.filter((line) => line.includes('forget'))).toEqual([]);
      });

      it('shares definitions, and hides none that another instance has found', async () => {
        const cacheStore = await create();
        const options = { cacheTtl: undefined, localEvaluation: true, accountId: 'acc' };
        const valueOf = async (provider: FlagshipServerProvider) =>
          (await provider.resolveStringEvaluation('flag', '', {})).value;
        server.script(serves(fixedFlags({ flag: 'one' }), '"1"'));
        const first = await instance({ ...options, cacheStore });
        await first.initialize();
        await waitUntil(async () => (await answers()).length === 2, 'the definitions');
        const second = await instance(options);
        await second.initialize();
        expect([await valueOf(second), second.stats().upstream?.requests]).toEqual(['one', 0]);

        server.script(serves(fixedFlags({ flag: 'two' }), '"2"'));
        expect(await second.refresh()).toBe(true);
        await waitUntil(async () => (await ask(`GET ${await textKey()}`)).includes('two'), 'the change');
        // The memory level of this cache has had the older ones.
        const third = await instance({ ...options, cacheStore });
        await third.initialize();
        expect([await valueOf(third), third.stats().upstream?.requests]).toEqual(['two', 0]);
      });
    });

    it('survives the end of Redis, whatever the cache leaves unhandled', async () => {
      const cacheStore = createCache({ stores: [new Keyv(), await shared()], nonBlocking: true });
      const provider = open({ cacheTtl: LONG, cacheStore });
      server.script(answer(true));
      await provider.initialize();
      await askNew(provider);
      await redis.kill();
      await waitUntil(async () => (await askNew(provider), lines.length > 0), 'it is told of', PATIENCE);
      expect(lines).toEqual([expect.stringMatching(/^warn .*"cacheStore".*fails/)]);
      await redis.restart();
    });
  });

  describe('a client that is no cache', () => {
    const clients: Readonly<Record<string, () => Promise<CacheStore>>> = {
      'of node-redis': async () => {
        // Keyv's adapter is made of such a client.
        const adapter = new KeyvRedis<string>(`${redis.url}/${database}`);
        cleanUp(() => adapter.disconnect(true));
        return (await adapter.getClient()) as unknown as CacheStore;
      },
      'of ioredis': async () => {
        const client = new Redis(`${redis.url}/${database}`);
        cleanUp(() => client.disconnect());
        await client.ping();
        return client as unknown as CacheStore;
      },
      'of ioredis, wrapped so that the time is lost': async () => {
        const client = new Redis(`${redis.url}/${database}`);
        cleanUp(() => client.disconnect());
        await client.ping();
        return {
          get: (key) => client.get(key),
          set: (key, value) => client.set(key, String(value)),
          del: (key: string) => client.del(key),
        } as CacheStore;
      },
      'of ioredis, wrapped so that the time is in seconds': async () => {
        const client = new Redis(`${redis.url}/${database}`);
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
      '%s is refused with the mend, and leaves nothing behind',
      async (_, create) => {
        server.script(answer(true));
        const provider = open({ cacheTtl: LONG, cacheStore: await create() });
        await provider.initialize();
        await Promise.all(times(50, () => askNew(provider)));
        // On a busy machine a read may take too long, too.
        const refusals = () =>
          lines.filter((line) => /^warn .*"cacheStore".*createCache.*KeyvRedis/.test(line));
        await waitUntil(() => refusals().length > 0, 'it is told of', PATIENCE);
        for (const details of await Promise.all(times(50, () => askNew(provider))))
          expect(details).toMatchObject({ value: true, reason: 'STATIC' });
        await waitUntil(async () => (await answers()).length === 0, 'the answers are gone');
        await provider.onClose();
        await waitUntil(async () => (await keys()).length === 0, 'the probe is gone');
        expect(refusals()).toHaveLength(1);
      },
      30_000,
    );

    it('of ioredis, wrapped as it should be, is used', async () => {
      const client = new Redis(`${redis.url}/${database}`);
      cleanUp(() => client.disconnect());
      await client.ping();
      const cacheStore: CacheStore = {
        get: (key) => client.get(key),
        set: (key, value, ttl) => client.set(key, String(value), 'PX', ttl ?? 1),
      };
      server.script(answer(true));
      const provider = open({ cacheTtl: LONG, cacheStore });
      await Promise.all(times(50, () => askNew(provider)));
      await waitUntil(async () => (await answers()).length === 50, 'all are written', PATIENCE);
      for (const key of await answers()) expect(await ask(`PTTL ${key}`)).toMatch(/^\+OK\r\n:[45]\d{4}\r/);
      expect(lines.filter((line) => line.includes('forget'))).toEqual([]);
    });
  });
});
