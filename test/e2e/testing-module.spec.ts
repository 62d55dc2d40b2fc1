import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Controller, type DynamicModule, Get, Injectable, Module, Req, type Type } from '@nestjs/common';
import { type TestingModule } from '@nestjs/testing';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import { type Client, type Hook, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import {
  FeatureFlag,
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  type FlagshipOptionsFactory,
  FlagValue,
  type Rule,
} from 'nestjs-flagship';
import {
  FlagshipTestingModule,
  type FlagshipTestingOptions,
  TestFlags,
  type TestFlagValues,
} from 'nestjs-flagship/testing';
import { buildPackage } from '../fixtures/built-package';
import { fixedFlags, serves } from '../fixtures/definitions';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { HomeService, ShopController } from '../fixtures/shop-app';
import { useApp, type AppSetup, adapters, type HttpAdapter } from '../fixtures/use-app';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';

const apps = useApp();
const servers = useServer();
const cleanUp = useCleanup();

async function listen(setup: AppSetup) {
  const { app, http } = await apps.start(setup);
  return { app, http, flags: app.get(TestFlags) };
}

/** A shop around the testing module. */
function shop(
  flags?: TestFlagValues,
  options?: FlagshipTestingOptions,
  adapter?: HttpAdapter,
  controllers: Type[] = [ShopController],
) {
  const imports = [FlagshipTestingModule.forRoot(flags, options)];
  return listen({ imports, controllers, providers: [HomeService], adapter });
}

const rule = (attribute: string, value: string): Rule => ({
  conditions: [{ attribute, operator: 'equals', value }],
  serve_variation: 'on',
});
const onFor = (attribute: string, value: string) => ({
  enabled: true,
  default_variation: 'off',
  variations: { on: true, off: false },
  rules: [rule(attribute, value)],
});

describe.each(adapters)('on %s', (_, adapter) => {
  it('guard, parameters, service and client go by the flags of the test, and by each change', async () => {
    const { http, flags } = await shop({ 'new-checkout': true, 'home-page': 'modern' }, {}, adapter());
    await http.get('/checkout/7').expect(200, { checkout: '7' });
    const { body } = await http.get('/home').expect(200);
    expect(body).toEqual({
      parameter: 'modern',
      details: {
        value: 'modern',
        variant: 'default',
        reason: 'STATIC',
        flagMetadata: {},
        flagKey: 'home-page',
      },
      service: 'modern',
      client: 'modern',
    });
    flags.set('new-checkout', false);
    flags.set({ 'home-page': 'bare' });
    await http.get('/checkout/7').expect(404);
    expect((await http.get('/home')).body).toMatchObject({ parameter: 'bare', service: 'bare' });
    flags.reset();
    await http.get('/checkout/7').expect(200);
    expect((await http.get('/home')).body).toMatchObject({ parameter: 'modern', service: 'modern' });
  });

  it('answers each user and each context as it is told', async () => {
    const { http, flags } = await shop(
      { 'new-checkout': onFor('plan', 'pro'), 'home-page': 'classic' },
      { requestContext: { userId: 'x-user', headers: { 'x-plan': 'plan' } } },
      adapter(),
    );
    await http.get('/checkout/7').expect(404);
    await http.get('/checkout/7').set('x-plan', 'pro').expect(200);
    flags.setFor('ann', { 'new-checkout': true, 'home-page': 'modern' });
    await http.get('/checkout/7').set('x-user', 'ann').expect(200);
    await http.get('/checkout/7').set('x-user', 'bob').expect(404);
    const { body } = await http.get('/home').set('x-user', 'ann');
    expect(body).toMatchObject({ service: 'modern', details: { reason: 'TARGETING_MATCH' } });
    // The nearer one wins, whichever came last.
    flags.set('home-page', 'later');
    expect((await http.get('/home').set('x-user', 'ann')).body).toMatchObject({ service: 'modern' });
    expect((await http.get('/home').set('x-user', 'bob')).body).toMatchObject({ service: 'later' });
    flags.reset();
    await http.get('/checkout/7').set('x-user', 'ann').expect(404);
    await http.get('/checkout/7').set('x-plan', 'pro').expect(200);
  });

  it('fails as it is told, until the flag is set again', async () => {
    const { http, flags } = await shop({ 'new-checkout': true, 'home-page': 'modern' }, {}, adapter());
    flags.fail('new-checkout', 'GENERAL');
    flags.fail('home-page', 'PROVIDER_NOT_READY');
    await http.get('/checkout/7').expect(404);
    const { body } = await http.get('/home').expect(200);
    expect(body).toMatchObject({
      parameter: 'classic',
      details: { value: 'classic', reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' },
      client: 'classic',
    });
    flags.set('new-checkout', true);
    await http.get('/checkout/7').expect(200);
    flags.reset();
    expect((await http.get('/home')).body).toMatchObject({ parameter: 'modern' });
  });

  it('a request that is under way keeps the answers it has had', async () => {
    @Controller()
    class ChangingController {
      constructor(
        private readonly flags: FlagService,
        private readonly testFlags: TestFlags,
      ) {}

      @FeatureFlag('open')
      @Get()
      async read(@FlagValue('limit', 0) before: number) {
        this.testFlags.set({ open: false, limit: 2 });
        return [before, await this.flags.getNumberValue('limit', 0), await this.flags.isEnabled('open')];
      }
    }
    const { http, flags } = await shop({ open: true, limit: 1 }, {}, adapter(), [ChangingController]);
    await http.get('/').expect(200, [1, 1, true]);
    await http.get('/').expect(404);
    // Once a request and flag, however often it is read.
    expect(flags.evaluations.map(({ flagKey, value }) => [flagKey, value])).toEqual([
      ['open', true],
      ['limit', 1],
      ['open', false],
    ]);
  });
});

describe('what a flag answers', () => {
  async function service(flags: TestFlagValues, options?: FlagshipTestingOptions) {
    const testing = await apps.compile({
      imports: [FlagshipTestingModule.forRoot(flags, options)],
    });
    return { service: testing.get(FlagService), flags: testing.get(TestFlags) };
  }

  it('is what production would answer', async () => {
    const { service: flags } = await service({
      on: true,
      text: 'one',
      limit: 2.5,
      look: { accent: 'teal' },
      list: [1],
      nothing: null,
      off: { ...onFor('a', 'b'), enabled: false },
    });
    expect(await flags.getBooleanDetails('on', false)).toEqual({
      flagKey: 'on',
      value: true,
      variant: 'on',
      reason: 'STATIC',
      flagMetadata: {},
    });
    expect(await flags.getStringValue('text', '?')).toBe('one');
    expect(await flags.getObjectValue('list', {})).toEqual([1]);
    expect(await flags.getObjectValue('nothing', {})).toBeNull();
    expect(await flags.getNumberValue('limit', 0)).toBe(2.5);
    expect(await flags.getIntegerDetails('limit', 7)).toMatchObject({ value: 7, errorCode: 'TYPE_MISMATCH' });
    expect(await flags.getBooleanDetails('off', true)).toMatchObject({ value: true, reason: 'DISABLED' });
    expect(await flags.getStringDetails('limit', '?')).toMatchObject({
      value: '?',
      reason: 'ERROR',
      errorCode: 'TYPE_MISMATCH',
    });
    expect(await flags.getStringDetails('absent', '?')).toMatchObject({
      value: '?',
      reason: 'ERROR',
      errorCode: 'FLAG_NOT_FOUND',
    });
  });

  it('may be called like a word of the definitions', async () => {
    const values = { flags: { a: 1 }, variations: 'v', default_variation: 'd', __proto__key: true };
    const { service: flags, flags: test } = await service(values);
    expect(await flags.getObjectValue('flags', {})).toEqual({ a: 1 });
    expect(await flags.getStringValue('variations', '?')).toBe('v');
    test.set('__proto__', 'p');
    expect(await flags.getStringValue('__proto__', '?')).toBe('p');
    expect(await flags.getStringDetails('toString', '?')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' });
  });

  it('is split by rollouts as definitions from an object are', async () => {
    const half = {
      ...onFor('a', 'b'),
      rules: [{ conditions: [], serve_variation: 'on', rollout: { percentage: 50 } }],
    };
    const { service: flags } = await service({ half });
    const real = await apps.compile({ imports: [FlagshipModule.forRoot({ definitions: { half } })] });
    const sides = (of: FlagService) =>
      Promise.all(
        Array.from({ length: 50 }, (_, user) =>
          of.isEnabled('half', false, { targetingKey: `user-${user}` }),
        ),
      );
    const sidesHere = await sides(flags);
    expect(new Set(sidesHere)).toEqual(new Set([true, false]));
    expect(sidesHere).toEqual(await sides(real.get(FlagService)));
  });

  it('belongs to the flags: neither who gave a value nor who got one can change it', async () => {
    const look = { colours: ['teal'] };
    const { service: flags, flags: test } = await service({ look });
    look.colours.push('red');
    const got = await flags.getObjectValue<typeof look>('look', { colours: [] });
    got.colours.push('blue');
    expect(await flags.getObjectValue('look', {})).toEqual({ colours: ['teal'] });
    expect(test.evaluations.map(({ value }) => value)).toEqual([
      { colours: ['teal'] },
      { colours: ['teal'] },
    ]);
  });

  it('is written down with what was asked, and the last 1000 are kept', async () => {
    const { service: flags, flags: test } = await service({ limit: 5 }, { context: { region: 'eu' } });
    await flags.getNumberValue('limit', 1, { plan: 'pro' });
    await flags.withContext({ targetingKey: 'ann' }, () => flags.getStringValue('limit', 'none'));
    expect(test.evaluations).toEqual([
      {
        flagKey: 'limit',
        type: 'number',
        defaultValue: 1,
        context: { region: 'eu', plan: 'pro' },
        value: 5,
        variant: 'default',
        reason: 'STATIC',
      },
      {
        flagKey: 'limit',
        type: 'string',
        defaultValue: 'none',
        context: { region: 'eu', targetingKey: 'ann' },
        value: 'none',
        reason: 'ERROR',
        errorCode: 'TYPE_MISMATCH',
        errorMessage: expect.stringContaining('expected string, got number'),
      },
    ]);
    test.reset();
    expect(test.evaluations).toEqual([]);
    for (let nth = 0; nth < 2345; nth++) await flags.getNumberValue('limit', nth);
    expect(test.evaluations).toHaveLength(1000);
    expect(test.evaluations.map(({ defaultValue }) => defaultValue).slice(-2)).toEqual([2343, 2344]);
    expect(test.evaluations[0]!.defaultValue).toBe(1345);
  });
});

describe("the module's own options", () => {
  it('hold here: contexts, hooks once for each answer, handlers once for each change', async () => {
    const hooked: string[] = [];
    const changes: unknown[] = [];
    const hook: Hook = { after: ({ flagKey }) => void hooked.push(flagKey) };
    const { http, flags } = await shop(
      { 'home-page': 'modern' },
      {
        context: { region: 'eu' },
        requestContext: { userId: 'x-user' },
        contextFactory: (execution) => ({ handler: execution.getHandler().name }),
        hooks: [hook],
        handlers: [
          [
            ProviderEvents.ConfigurationChanged,
            (event) => void changes.push((event as { flagsChanged: string[] }).flagsChanged),
          ],
        ],
      },
    );
    await http.get('/context').set('x-user', 'ann').expect(200, {
      region: 'eu',
      targetingKey: 'ann',
      handler: 'context',
    });
    await http.get('/home').set('x-user', 'ann').expect(200);
    // The injected client asks anew.
    expect(hooked).toEqual(['home-page', 'home-page']);
    flags.set({ 'home-page': 'bare', limit: 3 });
    flags.setFor('ann', 'look', {});
    flags.fail('other', 'GENERAL');
    flags.reset();
    flags.reset();
    expect(changes).toEqual([
      ['home-page', 'limit'],
      ['look'],
      ['other'],
      ['home-page', 'limit', 'look', 'other'],
    ]);
  });

  it('visible where it is imported only, if it is not to be global', async () => {
    const local = FlagshipTestingModule.forRoot({}, { isGlobal: false });
    @Module({ imports: [local], providers: [HomeService], exports: [HomeService] })
    class HomeModule {}
    @Module({ providers: [HomeService] })
    class ElsewhereModule {}
    const testing = await apps.compile({ imports: [HomeModule] });
    expect(await testing.get(HomeService).page()).toBe('classic');
    // What never came up cannot be closed.
    cleanUp(() => OpenFeature.clearProviders());
    await expect(apps.compile({ imports: [local, ElsewhereModule] })).rejects.toThrow(
      /HomeService.*FlagService/s,
    );
  });

  it('for a domain, with its client', async () => {
    @Injectable()
    class Reads {
      constructor(@OpenFeatureClient({ domain: 'billing' }) readonly client: Client) {}
    }
    const testing = await apps.compile({
      imports: [FlagshipTestingModule.forRoot({ page: 'billing' }, { domain: 'billing' })],
      providers: [Reads],
    });
    expect(await testing.get(Reads).client.getStringValue('page', '?')).toBe('billing');
    expect(await OpenFeature.getClient('billing').getStringValue('page', '?')).toBe('billing');
  });
});

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

  it.each(registrations)('of %s, nothing of which starts', async (_, register) => {
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

  it('or beside it: an application that is tested with other flags never asks for the real ones', async () => {
    const app = appOf(FlagshipModule.forRootAsync({ useClass: Settings }));
    const imports = [app, FlagshipTestingModule.forRoot({ 'home-page': 'tested' })];
    const { http } = await listen({ imports });
    expect((await http.get('/home')).body).toMatchObject({ parameter: 'tested', service: 'tested' });
    expect(made).toEqual([]);
    expect(flagship.requests).toEqual([]);
  });

  it('of several, each with its domain', async () => {
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

  it('with one interceptor, hooks once and handlers once', async () => {
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

  it('without flags stops the start, instead of letting the real ones start', async () => {
    const compiling = apps.compile({
      imports: [appOf(FlagshipModule.forRoot(realOptions()))],
      override: (builder) => builder.overrideModule(FlagshipModule).useModule(FlagshipTestingModule),
    });
    await expect(compiling).rejects.toThrow(/FlagshipTestingModule.*forRoot/);
    expect(made).toEqual([]);
    expect(flagship.requests).toEqual([]);
  });
});

describe('several applications at once', () => {
  it('each have their own flags, and closing one leaves the others', async () => {
    // One module object for all: what is made of it must not be shared.
    const one = FlagshipTestingModule.forRoot({ 'home-page': 'same' });
    const testing = await Promise.all(
      Array.from({ length: 12 }, () => apps.compile({ imports: [one], providers: [HomeService] })),
    );
    const open = new Set(testing);
    for (const [nth, module] of testing.entries()) module.get(TestFlags).set('home-page', `page ${nth}`);
    const pages = () => Promise.all(testing.map((module) => module.get(HomeService).page()));
    expect(await pages()).toEqual(testing.map((_, nth) => `page ${nth}`));
    const [first, , third] = testing;
    for (const module of [first!, third!]) {
      open.delete(module);
      await module.close();
    }
    const expected = testing.map((module, nth) => (open.has(module) ? `page ${nth}` : 'classic'));
    expect(await pages()).toEqual(expected);
    await Promise.all([...open].map((module) => module.close()));
    open.clear();
    // The default of the process is free again for whoever comes next.
    await apps.compile({ imports: [FlagshipTestingModule.forRoot({ page: 'next' })] });
    expect(await OpenFeature.getClient().getStringValue('page', '?')).toBe('next');
  });

  it('each hear of their own changes, and of nobody else’s', async () => {
    const changes: string[] = [];
    const made: TestingModule[] = [];
    // One after the other: each finds the ones before it in OpenFeature.
    for (let nth = 0; nth < 12; nth++) {
      const module = FlagshipTestingModule.forRoot(
        {},
        { handlers: [[ProviderEvents.ConfigurationChanged, () => void changes.push(`change of ${nth}`)]] },
      );
      const testing = await apps.compile({ imports: [module] });
      made.push(testing);
    }
    for (const testing of made) testing.get(TestFlags).set('flag', true);
    expect(changes).toEqual(made.map((_, nth) => `change of ${nth}`));
  });

  it('hold nothing that keeps a process alive or makes Node warn, even when nobody closes them', async () => {
    const built = buildPackage();
    cleanUp(async () => built.remove());
    const script = `
      require('reflect-metadata');
      const { Test } = require('@nestjs/testing');
      const { FlagService, FlagshipModule } = require('./dist');
      const { FlagshipTestingModule, TestFlags } = require('./dist/testing');
      const real = FlagshipModule.forRoot({ appId: 'a', accountId: 'b', localEvaluation: true });
      const ask = (testing) => {
        testing.get(TestFlags).setFor('ann', 'flag', 'two');
        return testing.get(FlagService).getStringValue('flag', '?', { targetingKey: 'ann' });
      };
      (async () => {
        for (let nth = 0; nth < 12; nth++) {
          const testing = await Test.createTestingModule({ imports: [real] })
            .overrideModule(FlagshipModule)
            .useModule(FlagshipTestingModule.forRoot({ flag: 'one' }))
            .compile();
          if ((await ask(testing)) !== 'two') console.log('was not asked');
        }
        const undici = Object.keys(require.cache).filter((file) => /[\\\\/]undici[\\\\/]/.test(file));
        const resources = process.getActiveResourcesInfo().filter((name) => /Timeout|TCP/.test(name));
        console.log(undici.length, resources.length);
      })();`;
    const child = spawn(process.execPath, ['-e', script], { cwd: built.folder });
    cleanUp(() => child.kill());
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (output += data.toString()));
    expect({ end: await once(child, 'close'), output }).toEqual({ end: [0, null], output: '0 0\n' });
  });
});

describe('TestFlags without Nest', () => {
  it('are an OpenFeature provider', async () => {
    const flags = new TestFlags({ 'new-checkout': true });
    await OpenFeature.setProviderAndWait('no-nest', flags.provider);
    cleanUp(() => OpenFeature.clearProviders());
    const client = OpenFeature.getClient('no-nest');
    expect(await client.getBooleanValue('new-checkout', false)).toBe(true);
    flags.setFor('ann', 'new-checkout', false);
    expect(await client.getBooleanValue('new-checkout', true, { targetingKey: 'ann' })).toBe(false);
    expect(flags.evaluations).toMatchObject([
      { flagKey: 'new-checkout', value: true, context: {} },
      { flagKey: 'new-checkout', value: false, context: { targetingKey: 'ann' } },
    ]);
  });
});

describe('what cannot be a flag', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const definition = onFor('plan', 'pro');

  it.each([
    ['undefined', undefined, /"bad" must have a value that JSON can hold/],
    ['a function', () => true, /"bad" must have.*a function/],
    ['not a number', NaN, /"bad" must have.*NaN/],
    ['a big integer', 10n, /"bad" cannot be used/],
    ['a circle', circular, /"bad" cannot be used/],
    ['without rules', { ...definition, rules: undefined }, /"bad" is malformed at bad\.rules/],
    [
      'a default that is not there',
      { ...definition, default_variation: 'of' },
      /bad\.default_variation.*"of"/,
    ],
    [
      'a rule that serves nothing',
      { ...definition, rules: [{ conditions: [], serve_variation: 'onn' }] },
      /bad\.rules\[0\]\.serve_variation.*"onn"/,
    ],
  ])('%s stops the start, and changes nothing later', async (_, value, problem) => {
    const values = { good: 'new', bad: value } as TestFlagValues;
    const compiling = apps.compile({ imports: [FlagshipTestingModule.forRoot(values)] });
    await expect(compiling).rejects.toThrow(problem);
    const flags = new TestFlags({ good: 'old' });
    const setting = [
      () => flags.set(values),
      () => flags.set('bad', value as never),
      () => flags.setFor('ann', 'bad', value as never),
    ];
    for (const set of setting) {
      expect(set).toThrow(
        expect.objectContaining({ code: 'CONFIGURATION_ERROR', message: expect.stringMatching(problem) }),
      );
    }
    await flags.provider.resolveStringEvaluation('good', '?', {}, console);
    await flags.provider.resolveStringEvaluation('bad', '?', { targetingKey: 'ann' }, console);
    expect(flags.evaluations).toMatchObject([{ value: 'old' }, { errorCode: 'FLAG_NOT_FOUND' }]);
  });

  it('nor can a list, or text, be flags', () => {
    for (const values of [['a'], 'a', null, 7]) {
      expect(() => new TestFlags(values as never)).toThrow(/must be an object/);
    }
  });

  it('nor fail with a code that OpenFeature does not know', () => {
    expect(() => new TestFlags().fail('a', 'NO_SUCH' as never)).toThrow(/GENERAL.*"NO_SUCH"/);
  });

  it("nor are the provider's options taken", async () => {
    const compile = (options: object) =>
      apps.compile({ imports: [FlagshipTestingModule.forRoot({}, options)] });
    await expect(compile({ appId: 'shop' })).rejects.toThrow(/"provider" and "appId" exclude/);
    await expect(compile({ hook: [] })).rejects.toThrow(/no option "hook"/);
  });
});
