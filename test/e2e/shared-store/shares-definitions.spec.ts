import { type INestApplication } from '@nestjs/common';
import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { type CacheStore, FlagService, FlagshipModule, type FlagshipProviderOptions } from 'nestjs-flagship';
import { fixedFlags, serves } from '../../fixtures/definitions';
import { answer, askFlag } from '../../fixtures/open-providers';
import { useApp } from '../../fixtures/use-app';
import { describeWithRedis } from '../../fixtures/redis-server';
import { LONG, useRedis } from '../../fixtures/use-redis';

describeWithRedis('a Redis that instances share', () => {
  const shared = useRedis();
  beforeEach(() => shared.liftLimit());
  const apps = useApp();

  describe('in a Nest application', () => {
    async function startApp(): Promise<INestApplication> {
      const app = await apps.create({
        imports: [
          CacheModule.registerAsync({
            isGlobal: true,
            useFactory: async () => ({ stores: [await shared.connected()] }),
          }),
          FlagshipModule.forRootAsync({
            inject: [CACHE_MANAGER],
            useFactory: (cache: CacheStore) => ({
              appId: 'shop',
              accountId: 'acc-1',
              baseUrl: shared.server.url,
              cacheTtl: LONG,
              cacheStore: cache,
            }),
          }),
        ],
      });
      return app.init();
    }

    it('CACHE_MANAGER as the store lets two applications share answers', async () => {
      shared.server.script(answer('modern'));
      const [first, second] = [(await startApp()).get(FlagService), (await startApp()).get(FlagService)];
      const context = { targetingKey: 'u' };
      expect(await first.getStringDetails('flag', '', context)).toMatchObject({
        value: 'modern',
        reason: 'STATIC',
      });
      await shared.hasKeys(1);
      expect(await second.getStringDetails('flag', '', context)).toMatchObject({
        value: 'modern',
        reason: 'CACHED',
      });
      expect(shared.server.requests).toHaveLength(1);
      expect(second.stats()).toMatchObject({ hits: { store: 1 } });
    });

    it('the store may be closed before the module is', async () => {
      shared.server.script(answer('modern'));
      const app = await startApp();
      await app.get(FlagService).getStringValue('flag', '', { targetingKey: 'u' });
      await app.close();
    });
  });
  describe('definitions', () => {
    const local: Partial<FlagshipProviderOptions> = {
      cacheTtl: undefined,
      localEvaluation: true,
      accountId: 'acc-1',
      refreshInterval: LONG,
    };

    it('are downloaded by one instance for all, and stay available without Flagship', async () => {
      shared.server.script(serves(fixedFlags({ flag: true }), '"1"'));
      const first = await shared.instance(local);
      await first.initialize();
      await shared.hasKeys(2);
      const second = await shared.instance(local);
      await second.initialize();
      expect(await askFlag(second)).toMatchObject({ value: true, variant: 'fixed' });
      expect(shared.server.requests).toHaveLength(1);
      shared.server.script({ status: 500 });
      expect(await second.refresh()).toBe(false);
      const third = await shared.instance({ ...local, refreshInterval: 1 });
      await third.initialize();
      expect(await askFlag(third)).toMatchObject({ value: true });
    });
  });
});
