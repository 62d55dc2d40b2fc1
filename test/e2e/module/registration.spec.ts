import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { BooleanFeatureFlag } from '@openfeature/nestjs-sdk';
import { TypedInMemoryProvider, NOOP_PROVIDER, OpenFeature } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagDetails,
  FlagService,
  FlagshipModule,
  getFlagsToken,
  type FlagshipModuleOptions,
  type FlagshipOptionsFactory,
  FlagValue,
} from 'nestjs-flagship';
import { firstValueFrom, type Observable } from 'rxjs';
import { useFlagshipShop } from '../../fixtures/use-flagship-shop';

const shops = useFlagshipShop();
const { apps, servers, shop, startShop } = shops;

describe('forRootAsync', () => {
  @Injectable()
  class OptionsFactory implements FlagshipOptionsFactory {
    createFlagshipOptions(): FlagshipModuleOptions {
      return shops.connection;
    }
  }
  @Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
  class OptionsModule {}

  it.each([
    [
      'useFactory',
      () =>
        FlagshipModule.forRootAsync({
          imports: [OptionsModule],
          inject: [OptionsFactory],
          useFactory: async (factory: OptionsFactory) => factory.createFlagshipOptions(),
        }),
    ],
    ['useClass', () => FlagshipModule.forRootAsync({ useClass: OptionsFactory })],
    [
      'useExisting',
      () => FlagshipModule.forRootAsync({ imports: [OptionsModule], useExisting: OptionsFactory }),
    ],
  ])('takes its options from %s', async (_, module) => {
    const testing = await apps.compile({ imports: [module()] });
    expect(await testing.get(FlagService).getStringValue('home-page', '')).toBe('modern');
  });

  it('is ready before other providers are made', async () => {
    let early: unknown;
    @Injectable()
    class Early {
      constructor(readonly flags: FlagService) {}
      async onModuleInit(): Promise<void> {
        early = await this.flags.getStringValue('home-page', '');
      }
    }
    const testing = await apps.compile({
      imports: [FlagshipModule.forRootAsync({ useFactory: () => shops.connection })],
      providers: [Early],
    });
    await testing.init();
    expect(early).toBe('modern');
  });
});

describe('visibility', () => {
  @Injectable()
  class NeedsFlags {
    constructor(readonly flags: FlagService) {}
  }

  it('is global unless told otherwise', async () => {
    @Module({ providers: [NeedsFlags] })
    class Feature {}
    const compile = (isGlobal: boolean | undefined, domain?: string) =>
      apps.compile({
        imports: [FlagshipModule.forRoot({ ...shops.connection, isGlobal, domain }), Feature],
      });
    await compile(undefined);
    await expect(compile(false, 'not global')).rejects.toThrow('FlagService');
  });
});

describe('domains', () => {
  it('registers under a domain and leaves the default alone', async () => {
    const app = await apps.compile({
      imports: [FlagshipModule.forRoot({ ...shops.connection, domain: 'billing' })],
    });
    const flags = app.get<FlagService>(getFlagsToken('billing'));
    expect(OpenFeature.getProvider()).toBe(NOOP_PROVIDER);
    expect(OpenFeature.getProviderMetadata('billing').name).toBe('Flagship Server Provider');
    expect(await flags.getStringValue('home-page', '')).toBe('modern');
    expect(await OpenFeature.getClient('billing').getStringValue('home-page', '')).toBe('modern');
  });

  it("lets nestjs-sdk's own decorators work inside the module", async () => {
    @Controller()
    class TheirController {
      @Get()
      async read(
        @BooleanFeatureFlag({ flagKey: 'for-ann', defaultValue: false }) details: Observable<object>,
      ) {
        return firstValueFrom(details);
      }
    }
    const { http } = await shop({ requestContext: { userId: 'x-user' } }, undefined, [TheirController]);
    const { body } = await http.get('/').set('x-user', 'ann').expect(200);
    expect(body).toMatchObject({ flagKey: 'for-ann', value: true });
  });
});

describe('closing', () => {
  it('does not affect another application of the process, whichever closes first', async () => {
    const second = await servers.startFlagship({ flags: { 'home-page': 'second' } });
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const pair = [
        await startShop(shops.connection),
        await startShop({ baseUrl: second.url, appId: second.appId, accountId: second.accountId }),
      ].map(({ app }) => app);
      const read = (index: number) => pair[index]!.get(FlagService).getStringValue('home-page', '');
      expect(await Promise.all([read(0), read(1)])).toEqual(['modern', 'second']);
      await pair[order[0]!]!.close();
      expect(await read(order[1]!)).toBe(order[1] === 0 ? 'modern' : 'second');
      await pair[order[1]!]!.close();
      expect(OpenFeature.getProvider()).toBe(NOOP_PROVIDER);
    }
  });

  it('answers defaults afterwards, and does not remove a provider that the application has set', async () => {
    const { app, flags } = await shop({});
    const other = new TypedInMemoryProvider({});
    await OpenFeature.setProviderAndWait(other);
    await app.close();
    expect(OpenFeature.getProvider()).toBe(other);
    expect(await flags.getStringValue('home-page', 'default')).toBe('default');
    await OpenFeature.clearProviders();
  });
});

describe('options that cannot work', () => {
  const refusal = async (options: object): Promise<string> => {
    const compiled = apps.compile({ imports: [FlagshipModule.forRoot(options)] });
    return compiled.then(
      () => 'accepted',
      (error: unknown) => (error as Error).message,
    );
  };

  it.each([
    [{}, '"appId" is missing'],
    [{ appId: 'a' }, '"accountId" is missing'],
    [{ appId: 'a', accountId: 'b', cacheTTL: 5 }, 'no option "cacheTTL"'],
    [
      { appId: 'a', accountId: 'b', propagation: 'magic' },
      '"propagation" must be "interceptor", "middleware", "none", but is "magic"',
    ],
    [
      { appId: 'a', accountId: 'b', requestContext: { headers: ['X-Plan', 'Authorization'] } },
      '"Authorization"',
    ],
    [{ appId: 'a', accountId: 'b', requestContext: { headers: { cookie: 'session' } } }, '"cookie"'],
    [
      { appId: 'a', accountId: 'b', requestContext: { userId: 'cookie' } },
      '"requestContext.userId" lists the header "cookie"',
    ],
    [
      { appId: 'a', accountId: 'b', requestContext: { headers: ['not a header'] } },
      '"requestContext.headers" must name request headers',
    ],
    [{ appId: 'a', accountId: 'b', requestContext: { userID: 'x' } }, 'no option "requestContext.userID"'],
    [{ provider: new TypedInMemoryProvider({}), appId: 'a' }, '"provider" and "appId" exclude each other'],
    [{ provider: new TypedInMemoryProvider({}), hooks: {} }, '"hooks" must be a list'],
  ])('%j stop the start', async (options, message) => {
    expect(await refusal(options)).toContain(message);
  });

  it.each([
    [() => FeatureFlag([]), 'needs a flag'],
    [() => FeatureFlag('a', { equals: ['x', 1] }), 'one type'],
    [() => FeatureFlag('a', { equals: 'x', defaultValue: true as never }), '"defaultValue" is true'],
    [() => FlagValue('a', undefined as never), 'needs a default value'],
    [() => FlagDetails('', 1), "needs a flag's key"],
  ])('stop a class from being defined', (decorate, message) => {
    expect(decorate).toThrow(message);
  });
});
