import { Controller, type DynamicModule, Get, Injectable, Module, Req, type Type } from '@nestjs/common';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client, ProviderEvents } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  type FlagshipOptionsFactory,
  FlagValue,
} from 'nestjs-flagship';
import {
  FlagshipTestingModule,
  type FlagshipTestingOptions,
  type TestFlagValues,
} from 'nestjs-flagship/testing';
import { fixedFlags, serves } from '../../fixtures/definitions';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { HomeService, ShopController } from '../../fixtures/shop-app';
import { type AppSetup } from '../../fixtures/use-app';
import { useServer } from '../../fixtures/use-server';
import { useTestingShop } from '../../fixtures/use-testing-shop';

const { apps, listen } = useTestingShop();
const servers = useServer();

describe('in place of FlagshipModule', () => {
  let flagship: ScriptedServer;
  beforeAll(async () => (flagship = await servers.start()));
  beforeEach(() => flagship.script(serves(fixedFlags({ 'home-page': 'real', 'new-checkout': true }))));

  const made: string[] = [];
  beforeEach(() => made.splice(0));
  const realOptions = (): FlagshipModuleOptions => ({
    appId: 'shop',
    accountId: 'account',
    baseUrl: flagship.url,
    localEvaluation: true,
    context: { from: 'real' },
    hooks: [{ before: () => void made.push('real hook') }],
    handlers: [[ProviderEvents.Ready, () => void made.push('real handler')]],
  });

  @Injectable()
  class Settings implements FlagshipOptionsFactory {
    createFlagshipOptions(): FlagshipModuleOptions {
      made.push('real options');
      return realOptions();
    }
  }
  @Module({ providers: [Settings], exports: [Settings] })
  class SettingsModule {}

  const registrations: [name: string, register: () => DynamicModule][] = [
    ['forRoot', () => FlagshipModule.forRoot(realOptions())],
    [
      'forRootAsync with a factory',
      () =>
        FlagshipModule.forRootAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: (settings: Settings) => settings.createFlagshipOptions(),
        }),
    ],
    ['forRootAsync with a class', () => FlagshipModule.forRootAsync({ useClass: Settings })],
    [
      'forRootAsync with a class from elsewhere',
      () => FlagshipModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings }),
    ],
  ];

  function appOf(...imports: (Type | DynamicModule)[]): Type {
    @Module({ imports, controllers: [ShopController], providers: [HomeService] })
    class AppModule {}
    return AppModule;
  }
  const overridden = (app: Type, flags?: TestFlagValues, options?: FlagshipTestingOptions): AppSetup => ({
    imports: [app],
    override: (builder) =>
      builder.overrideModule(FlagshipModule).useModule(FlagshipTestingModule.forRoot(flags, options)),
  });

  it.each(registrations)('of %s, no part of which starts', async (_, register) => {
    const { http, flags, app } = await listen(
      overridden(
        appOf(register()),
        { 'home-page': 'tested', 'new-checkout': true },
        { context: { from: 'test' } },
      ),
    );
    const { body } = await http.get('/home').expect(200);
    expect(body).toMatchObject({ parameter: 'tested', service: 'tested', client: 'tested' });
    await http.get('/context').expect(200, { from: 'test' });
    await http.get('/checkout/7').expect(200);
    flags.set('new-checkout', false);
    await http.get('/checkout/7').expect(404);
    expect(await app.get(FlagService).getStringValue('home-page', '?')).toBe('tested');
    await app.close();
    expect(made).toEqual([]);
    expect(flagship.requests).toEqual([]);
  });

  it.each(registrations)('of %s, which starts when it is not replaced', async (_, register) => {
    const { http } = await apps.start({ imports: [appOf(register())] });
    const { body } = await http.get('/home');
    expect(body).toMatchObject({ parameter: 'real' });
    expect(made).toEqual(expect.arrayContaining(['real hook', 'real handler']));
    expect(flagship.requests).toHaveLength(1);
  });

  it('beside it, the application never requests the real flags', async () => {
    const app = appOf(FlagshipModule.forRootAsync({ useClass: Settings }));
    const imports = [app, FlagshipTestingModule.forRoot({ 'home-page': 'tested' })];
    const { http } = await listen({ imports });
    expect((await http.get('/home')).body).toMatchObject({ parameter: 'tested', service: 'tested' });
    expect(made).toEqual([]);
    expect(flagship.requests).toEqual([]);
  });

  it('replaces several modules, each with its domain', async () => {
    @Injectable()
    class Reads {
      constructor(
        @OpenFeatureClient({ domain: 'billing' }) readonly client: Client,
        readonly flags: FlagService,
      ) {}
    }
    @Module({
      imports: [
        FlagshipModule.forRoot({ ...realOptions(), domain: 'billing', isGlobal: false, propagation: 'none' }),
      ],
      providers: [Reads],
    })
    class BillingModule {}
    const { app, http, flags } = await listen(
      overridden(appOf(FlagshipModule.forRoot(realOptions()), BillingModule), { 'home-page': 'tested' }),
    );
    const { client, flags: service } = app.get(Reads);
    expect(await client.getStringValue('home-page', '?')).toBe('tested');
    flags.set('home-page', 'changed');
    expect(await service.getStringValue('home-page', '?')).toBe('changed');
    expect((await http.get('/home')).body).toMatchObject({ parameter: 'changed', client: 'changed' });
    expect(flagship.requests).toEqual([]);
  });

  it('has one interceptor, and runs hooks and handlers once', async () => {
    @Controller()
    class WhoController {
      constructor(private readonly flags: FlagService) {}

      @FeatureFlag('open')
      @Get()
      async who(@Req() _request: unknown, @FlagValue('open', false) parameter: boolean) {
        return [parameter, await this.flags.isEnabled('open'), this.flags.context.built];
      }
    }
    const seen: string[] = [];
    let built = 0;
    @Module({ imports: [FlagshipModule.forRoot(realOptions())], controllers: [WhoController] })
    class AppModule {}
    const { http, flags } = await listen(
      overridden(
        AppModule,
        { open: true },
        {
          contextFactory: () => ({ built: ++built }),
          hooks: [{ before: ({ flagKey }) => void seen.push(flagKey) }],
          handlers: [[ProviderEvents.ConfigurationChanged, () => void seen.push('changed')]],
        },
      ),
    );
    await http.get('/').expect(200, [true, true, 1]);
    expect(seen).toEqual(['open']);
    flags.set('open', false);
    expect(seen).toEqual(['open', 'changed']);
  });

  it('stops the start if it has no flags, instead of starting the real ones', async () => {
    const compiling = apps.compile({
      imports: [appOf(FlagshipModule.forRoot(realOptions()))],
      override: (builder) => builder.overrideModule(FlagshipModule).useModule(FlagshipTestingModule),
    });
    await expect(compiling).rejects.toThrow(/FlagshipTestingModule.*forRoot/);
    expect(made).toEqual([]);
    expect(flagship.requests).toEqual([]);
  });
});
