import { type CacheStore, type FlagshipProviderOptions, type FlagshipServerProvider } from 'nestjs-flagship';
import { answer, askFlag, holdAnswers, times } from '../../fixtures/open-providers';
import { waitUntil } from '../../fixtures/wait-until';
import { describeWithRedis } from '../../fixtures/redis-server';
import { useServer } from '../../fixtures/use-server';
import { LONG, useRedis } from '../../fixtures/use-redis';

describeWithRedis('a Redis that instances share', () => {
  const shared = useRedis();
  const servers = useServer();
  beforeEach(() => shared.liftLimit());

  const appOf = (options: Partial<FlagshipProviderOptions> = {}): Partial<FlagshipProviderOptions> => ({
    endpoint: undefined,
    appId: 'shop',
    accountId: 'acc-1',
    baseUrl: shared.server.url,
    ...options,
  });
  describe('answers', () => {
    it('are requested once: the second instance reads them from the store, and then from memory', async () => {
      shared.server.script(answer({ list: [1] }));
      const [first, second] = [await shared.instance(), await shared.instance()];
      const ask = (provider: FlagshipServerProvider) =>
        provider.resolveObjectEvaluation('flag', {}, { targetingKey: 'u', plan: 'pro' });
      expect(await ask(first)).toMatchObject({
        value: { list: [1] },
        variant: 'on',
        reason: 'STATIC',
      });
      await shared.hasKeys(1);
      expect(await ask(second)).toEqual({
        value: { list: [1] },
        variant: 'on',
        reason: 'CACHED',
        flagMetadata: {},
      });
      expect(await ask(second)).toMatchObject({ value: { list: [1] }, reason: 'CACHED' });
      expect(shared.server.requests).toHaveLength(1);
      expect(second.stats()).toMatchObject({ hits: { store: 1, memory: 1 }, upstream: { requests: 0 } });
    });

    it('are shared if the attributes stand in another order, and not if they differ', async () => {
      shared.server.script(answer('a'), answer('b'));
      const context = { targetingKey: 'u', since: new Date(5), plan: 'pro' };
      const reversed = Object.fromEntries(Object.entries(context).reverse());
      const [first, second] = [await shared.instance(), await shared.instance()];
      await first.resolveStringEvaluation('flag', '', context);
      await shared.hasKeys(1);
      expect(await second.resolveStringEvaluation('flag', '', reversed)).toMatchObject({ value: 'a' });
      expect(shared.server.requests).toHaveLength(1);
      expect(await second.resolveStringEvaluation('flag', '', { ...context, plan: 'free' })).toMatchObject({
        value: 'b',
      });
      expect(shared.server.requests).toHaveLength(2);
    });

    it('are requested once for a thousand evaluations of one instance', async () => {
      shared.server.script(answer(true));
      const [first, second] = [await shared.instance(), await shared.instance()];
      await Promise.all(times(1000, () => askFlag(first)));
      await shared.hasKeys(1);
      await Promise.all(times(1000, () => askFlag(second)));
      expect(shared.server.requests).toHaveLength(1);
      expect(second.stats()).toMatchObject({ hits: { store: 1 }, shared: 999 });
    });

    it('last for cacheTtl and staleTtl, in the store too', async () => {
      shared.server.script(answer(true));
      await askFlag(await shared.instance({ cacheTtl: 40_000, staleTtl: 20_000 }));
      await shared.hasKeys(1);
      const [, ttl] = /^:(\d+)/m.exec(await shared.ask(`PTTL ${(await shared.keys())[0]}`)) ?? [];
      expect(Number(ttl)).toBeGreaterThan(40_000);
      expect(Number(ttl)).toBeLessThanOrEqual(60_000);
    });

    it('are stale for another instance as well after cacheTtl', async () => {
      shared.server.script(answer(true));
      await askFlag(await shared.instance({ cacheTtl: 1, staleTtl: LONG }));
      await shared.hasKeys(1);
      shared.server.script({ status: 500 });
      const second = await shared.instance({ cacheTtl: 1, staleTtl: LONG });
      expect(await askFlag(second)).toMatchObject({ value: true, variant: 'on', reason: 'STALE' });
      expect(shared.server.requests).toHaveLength(1);
    });

    it('are served stale at once under staleWhileRevalidate, and refreshed once in the background', async () => {
      shared.server.script(answer(true));
      await askFlag(await shared.instance({ cacheTtl: 1, staleTtl: LONG }));
      await shared.hasKeys(1);
      const answers = holdAnswers();
      shared.server.script(answers.hold);
      const second = await shared.instance({ cacheTtl: 1, staleTtl: LONG, staleWhileRevalidate: true });
      expect(await askFlag(second)).toMatchObject({ value: true, reason: 'STALE' });
      // What is kept for no time at all is kept for a millisecond.
      await waitUntil(async () => (await askFlag(second)).reason === 'STALE', 'it is stale in memory, too');
      for (const details of await Promise.all(times(50, () => askFlag(second))))
        expect(details).toMatchObject({ value: true, reason: 'STALE' });
      await shared.server.received(1);
      expect(shared.server.requests).toHaveLength(1);
      answers.give(answer(false));
      await waitUntil(async () => !(await askFlag(second)).value, 'the fresh answer is seen');
    });

    it.each([
      ['404', { status: 404 }],
      ['400', { status: 400 }],
      ['a disabled flag', answer(true, 'DISABLED')],
      ['another type', answer('text')],
    ])('do not come back after %s has replaced them', async (_, verdict) => {
      const options = { cacheTtl: 1, staleTtl: LONG };
      shared.server.script(answer(true));
      const [first] = [await shared.instance(options)];
      await askFlag(first);
      await shared.hasKeys(1);
      const [key] = await shared.keys();
      shared.server.script(verdict);
      await waitUntil(async () => !(await askFlag(first)).value, 'the verdict is known');
      await waitUntil(async () => !(await shared.ask(`GET ${key}`)).includes('true'), 'the store knows it');
      shared.server.script({ status: 500 });
      for (const provider of [first, await shared.instance(options)])
        expect(await askFlag(provider)).toMatchObject({
          value: false,
          reason: 'ERROR',
          errorCode: 'GENERAL',
        });
    });

    it('are written in the background', async () => {
      shared.server.script(answer(true));
      const cacheStore: CacheStore = {
        get: async () => undefined,
        set: () => new Promise(() => undefined),
      };
      const provider = shared.open({ cacheTtl: LONG, cacheStore });
      expect(await askFlag(provider)).toMatchObject({ value: true, reason: 'STATIC' });
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
      shared.server.script(
        ...owners.filter(({ baseUrl }) => baseUrl !== other.url).map((_, index) => answer(`${index}`)),
      );
      const values: string[] = [];
      for (const owner of [...owners, ...owners]) {
        const { value } = await (
          await shared.instance(owner)
        ).resolveStringEvaluation('flag', '', {
          targetingKey: 'u',
        });
        values.push(value);
        await shared.hasKeys(new Set(values).size);
      }
      expect(values.slice(0, owners.length)).toEqual(values.slice(owners.length));
      expect(new Set(values).size).toBe(owners.length);
      expect(shared.server.requests.length + other.requests.length).toBe(owners.length);
    });

    it('name their account and app, and hold nothing of the context', async () => {
      shared.server.script(answer(true));
      const context = { targetingKey: 'user-4711', email: 'ada@example.com', plan: 'enterprise-gold' };
      await (
        await shared.instance(appOf({ authToken: 'secret-token' }))
      ).resolveBooleanEvaluation('flag', false, context);
      await shared.hasKeys(1);
      const all = await shared.keys();
      for (const key of all) {
        expect(key).toMatch(/nestjs-flagship:acc-1:shop:[\da-f]{16}:v1:boolean:flag:[\w-]{43}$/);
        const seen = `${key} ${await shared.ask(`GET ${key}`)}`;
        expect(seen).toContain('"on');
        expect(seen).not.toMatch(/4711|ada|example|enterprise|gold|secret/);
      }
    });
  });
});
