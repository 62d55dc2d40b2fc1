import KeyvRedis from '@keyv/redis';
import { type INestApplication, Logger } from '@nestjs/common';
import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import {
  type CacheStore,
  FlagService,
  FlagshipModule,
  type FlagshipProviderOptions,
  type FlagshipServerProvider,
} from 'nestjs-flagship';
import { fixedFlags, serves } from '../fixtures/definitions';
import { answer, askFlag, askNew, holdAnswers, openProviders, times } from '../fixtures/open-providers';
import { type ProcessWatch, watchProcess } from '../fixtures/process-watch';
import { hasRedis, type RedisServer, startRedis } from '../fixtures/redis-server';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { waitUntil } from '../fixtures/wait-until';
import { within } from '../fixtures/within';
import { useServer } from '../fixtures/use-server';
import { useApp } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';

const LONG = 60_000;
/** Generous: it only has to tell a store that is passed over from one that is waited for. */
const AT_ONCE = 3000;
const PREFIX = 'nestjs-flagship:';

// Evaluations wait 50 ms for the store and no longer. A busy machine may take more than that at times, and then the answer
// rightly comes from Flagship.
jest.retryTimes(3, { logErrorsBeforeRetry: true });

(hasRedis() ? describe : describe.skip)('a Redis that instances share', () => {
  let redis: RedisServer;
  let server: ScriptedServer;
  let watch: ProcessWatch;
  let lines: string[];
  let database = 0;
  const open = openProviders(() => server);
  const apps = useApp();
  const servers = useServer();
  const cleanUp = useCleanup();

  beforeAll(async () => {
    [redis, server] = await Promise.all([startRedis(), servers.start()]);
  });
  beforeEach(() => {
    // One of its own for each test: late writes of the last one go elsewhere.
    database++;
    watch = watchProcess();
    lines = [];
    for (const level of ['log', 'warn', 'error'] as const) {
      jest.spyOn(Logger.prototype, level).mockImplementation((...[line]: unknown[]) => {
        if (String(line).includes('cacheStore')) lines.push(`${level} ${String(line)}`);
      });
    }
  });
  afterEach(async () => {
    redis.wake();
    expect(watch.problems).toEqual([]);
    watch.stop();
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await redis.close();
  });

  function keyvOf(): Keyv {
    const keyv = new Keyv({ store: new KeyvRedis(`${redis.url}/${database}`) });
    cleanUp(() => (keyv.store as KeyvRedis<string>).disconnect(true));
    return keyv;
  }
  /** To connect may take longer than an evaluation waits for a store. */
  const connected = async (keyv: Keyv): Promise<Keyv> => {
    await keyv.get('anything');
    return keyv;
  };
  /** Each instance has a connection of its own, as each process has. */
  const instance = async (
    options: Partial<FlagshipProviderOptions> = {},
  ): Promise<FlagshipServerProvider> => {
    const cacheStore = createCache({ stores: [await connected(keyvOf())] });
    return open({ cacheTtl: LONG, cacheStore, ...options });
  };
  const ask = (command: string) => redis.ask(command, database);
  const keys = async (): Promise<string[]> =>
    (await ask('KEYS *')).split('\r\n').filter((line) => line.includes(PREFIX));
  const hasKeys = (count: number) => waitUntil(async () => (await keys()).length >= count, `${count} keys`);
  const appOf = (options: Partial<FlagshipProviderOptions> = {}): Partial<FlagshipProviderOptions> => ({
    endpoint: undefined,
    appId: 'shop',
    accountId: 'acc-1',
    baseUrl: server.url,
    ...options,
  });

  describe('answers', () => {
    it('are asked for once: the second instance has them from the store, and then from memory', async () => {
      server.script(answer({ list: [1] }));
      const [first, second] = [await instance(), await instance()];
      const ask = (provider: FlagshipServerProvider) =>
        provider.resolveObjectEvaluation('flag', {}, { targetingKey: 'u', plan: 'pro' });
      expect(await ask(first)).toMatchObject({ value: { list: [1] }, variant: 'on', reason: 'STATIC' });
      await hasKeys(1);
      expect(await ask(second)).toEqual({
        value: { list: [1] },
        variant: 'on',
        reason: 'CACHED',
        flagMetadata: {},
      });
      expect(await ask(second)).toMatchObject({ value: { list: [1] }, reason: 'CACHED' });
      expect(server.requests).toHaveLength(1);
      expect(second.stats()).toMatchObject({ hits: { store: 1, memory: 1 }, upstream: { requests: 0 } });
    });

    it('are the same for the attributes in another order, and others for others', async () => {
      server.script(answer('a'), answer('b'));
      const context = { targetingKey: 'u', since: new Date(5), plan: 'pro' };
      const reversed = Object.fromEntries(Object.entries(context).reverse());
      const [first, second] = [await instance(), await instance()];
      await first.resolveStringEvaluation('flag', '', context);
      await hasKeys(1);
      expect(await second.resolveStringEvaluation('flag', '', reversed)).toMatchObject({ value: 'a' });
      expect(server.requests).toHaveLength(1);
      expect(await second.resolveStringEvaluation('flag', '', { ...context, plan: 'free' })).toMatchObject({
        value: 'b',
      });
      expect(server.requests).toHaveLength(2);
    });

    it('are asked for once by a thousand evaluations of one instance', async () => {
      server.script(answer(true));
      const [first, second] = [await instance(), await instance()];
      await Promise.all(times(1000, () => askFlag(first)));
      await hasKeys(1);
      await Promise.all(times(1000, () => askFlag(second)));
      expect(server.requests).toHaveLength(1);
      expect(second.stats()).toMatchObject({ hits: { store: 1 }, shared: 999 });
    });

    it('last for cacheTtl and staleTtl, in the store too', async () => {
      server.script(answer(true));
      await askFlag(await instance({ cacheTtl: 40_000, staleTtl: 20_000 }));
      await hasKeys(1);
      const [, ttl] = /^:(\d+)/m.exec(await ask(`PTTL ${(await keys())[0]}`)) ?? [];
      expect(Number(ttl)).toBeGreaterThan(40_000);
      expect(Number(ttl)).toBeLessThanOrEqual(60_000);
    });

    it('are stale for the next instance, too, once they are old', async () => {
      server.script(answer(true));
      await askFlag(await instance({ cacheTtl: 1, staleTtl: LONG }));
      await hasKeys(1);
      server.script({ status: 500 });
      const second = await instance({ cacheTtl: 1, staleTtl: LONG });
      expect(await askFlag(second)).toMatchObject({ value: true, variant: 'on', reason: 'STALE' });
      expect(server.requests).toHaveLength(1);
    });

    it('are served stale at once where the options say so, and refreshed behind, once', async () => {
      server.script(answer(true));
      await askFlag(await instance({ cacheTtl: 1, staleTtl: LONG }));
      await hasKeys(1);
      const answers = holdAnswers();
      server.script(answers.hold);
      const second = await instance({ cacheTtl: 1, staleTtl: LONG, staleWhileRevalidate: true });
      expect(await within(AT_ONCE, askFlag(second))).toMatchObject({ value: true, reason: 'STALE' });
      // What is kept for no time at all is kept for a millisecond.
      await waitUntil(async () => (await askFlag(second)).reason === 'STALE', 'it is stale in memory, too');
      for (const details of await within(AT_ONCE, Promise.all(times(50, () => askFlag(second)))))
        expect(details).toMatchObject({ value: true, reason: 'STALE' });
      await server.received(1);
      expect(server.requests).toHaveLength(1);
      answers.give(answer(false));
      await waitUntil(async () => !(await askFlag(second)).value, 'the fresh answer is seen');
    });

    it.each([
      ['404', { status: 404 }],
      ['400', { status: 400 }],
      ['a disabled flag', answer(true, 'DISABLED')],
      ['another type', answer('text')],
    ])('that %s has made wrong come back for nobody', async (_, verdict) => {
      const options = { cacheTtl: 1, staleTtl: LONG };
      server.script(answer(true));
      const [first] = [await instance(options)];
      await askFlag(first);
      await hasKeys(1);
      const [key] = await keys();
      server.script(verdict);
      await waitUntil(async () => !(await askFlag(first)).value, 'the verdict is known');
      await waitUntil(async () => !(await ask(`GET ${key}`)).includes('true'), 'the store knows it');
      server.script({ status: 500 });
      for (const provider of [first, await instance(options)])
        expect(await askFlag(provider)).toMatchObject({
          value: false,
          reason: 'ERROR',
          errorCode: 'GENERAL',
        });
    });

    it('are written without anybody waiting', async () => {
      server.script(answer(true));
      const cacheStore: CacheStore = {
        get: async () => undefined,
        set: () => new Promise(() => undefined),
      };
      const provider = open({ cacheTtl: LONG, cacheStore });
      expect(await within(AT_ONCE, askFlag(provider))).toMatchObject({ value: true, reason: 'STATIC' });
    });

    it('are not shared between accounts, apps, addresses and ways of sending the context', async () => {
      const other = await servers.start(answer('elsewhere'));
      const owners = [
        appOf(),
        appOf({ appId: 'other' }),
        appOf({ accountId: 'acc-2' }),
        appOf({ appId: 'acc-1', accountId: 'shop' }),
        appOf({ contextTransport: 'body' }),
        appOf({ baseUrl: other.url }),
        {},
      ];
      server.script(
        ...owners.filter(({ baseUrl }) => baseUrl !== other.url).map((_, index) => answer(`${index}`)),
      );
      const values: string[] = [];
      for (const owner of [...owners, ...owners]) {
        const { value } = await (
          await instance(owner)
        ).resolveStringEvaluation('flag', '', {
          targetingKey: 'u',
        });
        values.push(value);
        await hasKeys(new Set(values).size);
      }
      expect(values.slice(0, owners.length)).toEqual(values.slice(owners.length));
      expect(new Set(values).size).toBe(owners.length);
      expect(server.requests.length + other.requests.length).toBe(owners.length);
    });

    it('say whose they are and hold nothing of whom they are for', async () => {
      server.script(answer(true));
      const context = { targetingKey: 'user-4711', email: 'ada@example.com', plan: 'enterprise-gold' };
      await (
        await instance(appOf({ authToken: 'secret-token' }))
      ).resolveBooleanEvaluation('flag', false, context);
      await hasKeys(1);
      const all = await keys();
      for (const key of all) {
        expect(key).toMatch(/nestjs-flagship:acc-1:shop:[\da-f]{16}:v1:boolean:flag:[\w-]{43}$/);
        const seen = `${key} ${await ask(`GET ${key}`)}`;
        expect(seen).toContain('"on');
        expect(seen).not.toMatch(/4711|ada|example|enterprise|gold|secret/);
      }
    });
  });

  describe('that', () => {
    const questions = 50;
    const askMany = async (provider: FlagshipServerProvider): Promise<void> => {
      const all = await within(AT_ONCE, Promise.all(times(questions, () => askNew(provider))));
      for (const details of all) expect(details).toMatchObject({ value: true, reason: 'STATIC' });
    };

    it('hangs is passed over, is told of once, and is used again when it answers', async () => {
      server.script(answer(true));
      const provider = await instance();
      await provider.initialize();
      await askNew(provider);
      await hasKeys(1);
      redis.hang();
      server.script(answer(true));
      const first = askNew(provider);
      await within(AT_ONCE, server.received(1));
      expect(await first).toMatchObject({ value: true });
      for (let round = 0; round < 5; round++) await askMany(provider);
      expect(lines).toEqual([expect.stringMatching(/^warn .*"cacheStore".*fails.*within 50 ms/)]);

      redis.wake();
      await waitUntil(async () => (await askNew(provider), lines.length > 1), 'it is used again', 10_000);
      expect(lines).toHaveLength(2);
      expect(lines[1]).toMatch(/^log .*"cacheStore".*works again/);
      const before = (await keys()).length;
      await askMany(provider);
      await hasKeys(before + questions);
      expect(lines).toHaveLength(2);
    });

    it('dies and comes back fails no evaluation, is told of once, and is used again', async () => {
      server.script(answer(true));
      const provider = await instance();
      await provider.initialize();
      await askMany(provider);
      await hasKeys(questions);
      const underWay = askMany(provider);
      await redis.kill();
      await underWay;
      await waitUntil(async () => (await askMany(provider), lines.length > 0), 'it is told of');
      for (let round = 0; round < 5; round++) await askMany(provider);
      expect(lines).toEqual([expect.stringMatching(/^warn .*"cacheStore".*fails/)]);

      await redis.restart();
      await waitUntil(async () => (await askMany(provider), lines.length > 1), 'it is used again', 10_000);
      expect(lines.slice(1)).toEqual([expect.stringMatching(/^log .*works again/)]);
      await waitUntil(async () => {
        await askMany(provider);
        return (await keys()).length >= questions;
      }, 'answers are stored again');
      expect(lines).toHaveLength(2);
    }, 30_000);

    it('is not there at the start fails nothing, and is used once it is', async () => {
      await redis.kill();
      server.script(answer(true));
      const provider = open({ cacheTtl: LONG, cacheStore: createCache({ stores: [keyvOf()] }) });
      await provider.initialize();
      for (let round = 0; round < 5; round++) await askMany(provider);
      expect(lines).toEqual([expect.stringMatching(/^warn .*"cacheStore".*fails/)]);
      await redis.restart();
      await waitUntil(async () => (await askMany(provider), (await keys()).length > 0), 'it is used', 10_000);
      await provider.onClose();
    }, 30_000);
  });

  describe('in a Nest application', () => {
    async function startApp(): Promise<INestApplication> {
      const app = await apps.create({
        imports: [
          CacheModule.registerAsync({
            isGlobal: true,
            useFactory: async () => ({ stores: [await connected(keyvOf())] }),
          }),
          FlagshipModule.forRootAsync({
            inject: [CACHE_MANAGER],
            useFactory: (cache: CacheStore) => ({
              appId: 'shop',
              accountId: 'acc-1',
              baseUrl: server.url,
              cacheTtl: LONG,
              cacheStore: cache,
            }),
          }),
        ],
      });
      return app.init();
    }

    it('CACHE_MANAGER is the store: two applications share answers', async () => {
      server.script(answer('modern'));
      const [first, second] = [(await startApp()).get(FlagService), (await startApp()).get(FlagService)];
      const context = { targetingKey: 'u' };
      expect(await first.getStringDetails('flag', '', context)).toMatchObject({
        value: 'modern',
        reason: 'STATIC',
      });
      await hasKeys(1);
      expect(await second.getStringDetails('flag', '', context)).toMatchObject({
        value: 'modern',
        reason: 'CACHED',
      });
      expect(server.requests).toHaveLength(1);
      expect(second.stats()).toMatchObject({ hits: { store: 1 } });
    });

    it('the store may be closed before the flags are', async () => {
      server.script(answer('modern'));
      const app = await startApp();
      await app.get(FlagService).getStringValue('flag', '', { targetingKey: 'u' });
      await within(AT_ONCE, app.close());
    });
  });

  describe('definitions', () => {
    const local: Partial<FlagshipProviderOptions> = {
      cacheTtl: undefined,
      localEvaluation: true,
      accountId: 'acc-1',
      refreshInterval: LONG,
    };

    it('are downloaded by one instance for all, and outlive Flagship', async () => {
      server.script(serves(fixedFlags({ flag: true }), '"1"'));
      const first = await instance(local);
      await first.initialize();
      await hasKeys(2);
      const second = await instance(local);
      await second.initialize();
      expect(await askFlag(second)).toMatchObject({ value: true, variant: 'fixed' });
      expect(server.requests).toHaveLength(1);
      server.script({ status: 500 });
      expect(await second.refresh()).toBe(false);
      const third = await instance({ ...local, refreshInterval: 1 });
      await third.initialize();
      expect(await askFlag(third)).toMatchObject({ value: true });
    });
  });
});
