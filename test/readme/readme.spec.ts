import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  ConsoleLogger,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type INestApplication,
  Injectable,
  Logger,
  Module,
  type NestApplicationOptions,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { ClientProxyFactory, type MicroserviceOptions, Transport } from '@nestjs/microservices';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { OpenFeatureClient } from '@openfeature/nestjs-sdk';
import {
  type Client,
  type EvaluationContext,
  OpenFeature,
  TypedInMemoryProvider,
} from '@openfeature/server-sdk';
import { type Cache } from 'cache-manager';
import { Keyv } from 'keyv';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import * as flagshipPackage from 'nestjs-flagship';
import {
  type AsyncModuleOptions,
  type FlagshipBinding,
  FlagService,
  FlagshipModule,
  type FlagshipModuleAsyncOptions,
  type FlagshipModuleOptions,
  type FlagshipProviderOptions,
  FlagshipServerProvider,
  getFlagsToken,
} from 'nestjs-flagship';
import { type LocalFlagship, startLocalFlagship } from 'nestjs-flagship/local';
import { TestFlags } from 'nestjs-flagship/testing';
import { firstValueFrom } from 'rxjs';
import { io } from 'socket.io-client';
import request from 'supertest';
import packageJson from '../../package.json';
import { closedPort } from '../fixtures/closed-port';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from '../fixtures/scripted-server';
import { waitUntil } from '../fixtures/wait-until';
import { runBlock, typeErrors } from './compile-blocks';
import {
  commandOptions,
  type DocumentedOptions,
  interfaceOptions,
  parsedOptions,
} from './documented-options';
import { anchorOf, type Block, blocksOf, nameOf, readMarkdown, ROOT, tableOf } from './markdown';

const readme = readMarkdown('README.md');
const isDeclaration = (block: Block): boolean => nameOf(block).endsWith('.d.ts');
const blocks = blocksOf(readme, 'ts');
const code = new Map(blocks.filter((block) => !isDeclaration(block)).map((block) => [nameOf(block), block]));
/** What is declared holds for a whole program, so this is one of its own. */
const typed = blocks.filter((block) => isDeclaration(block) || nameOf(block).startsWith('typed.'));

const quiet: Readonly<NestApplicationOptions> = { logger: ['error', 'warn'] };
const talkative: Readonly<NestApplicationOptions> = { logger: ['error', 'warn', 'log'] };

it('type-checks every block of code', () => {
  expect(code.size).toBe(blocks.filter((block) => !isDeclaration(block)).length);
  const untyped = [...code.values()].filter((block) => !typed.includes(block));
  expect(typeErrors('README.md', untyped)).toEqual([]);
});

it('type-checks the code with declared flag keys', () => {
  expect(typed.map(nameOf)).toEqual(['flags.d.ts', 'typed.controller.ts']);
  expect(typeErrors('README.md', typed)).toEqual([]);
});

describe('the code runs:', () => {
  const TOKEN = 'readme-token';
  const ran = new Set<string>();
  const closing: (() => Promise<unknown>)[] = [];
  /** App → the local Flagship that plays it. */
  const addresses = new Map<string, string>();
  let flagship: LocalFlagship;

  beforeAll(async () => {
    flagship = await startLocalFlagship({ flags: {}, authToken: TOKEN });
    process.env.FLAGSHIP_APP_ID = flagship.appId;
    process.env.FLAGSHIP_ACCOUNT_ID = flagship.accountId;
    process.env.FLAGSHIP_TOKEN = TOKEN;
    process.env.FLAGSHIP_URL = flagship.url;
    addresses.set(flagship.appId, flagship.url);
  });
  beforeEach(() =>
    flagship.setFlags({ 'home-page': 'modern', 'upload-limit': 20, look: { accent: 'teal' } }),
  );
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  afterAll(() => flagship.close());

  /** Only the quick start names a `baseUrl`; the other blocks would ask Cloudflare. */
  const withLocalFlagship = () => {
    const here = <Options extends FlagshipProviderOptions>(options: Options): Options =>
      options.appId === undefined ? options : { baseUrl: addresses.get(options.appId), ...options };
    class LocalModule extends FlagshipModule {
      static override forRoot(options: FlagshipModuleOptions): DynamicModule {
        return FlagshipModule.forRoot(here(options));
      }
      static override forRootAsync(options: FlagshipModuleAsyncOptions): DynamicModule {
        const make = options.useFactory as (...injected: unknown[]) => AsyncModuleOptions;
        const useFactory = (...injected: unknown[]) => here(make(...injected));
        return FlagshipModule.forRootAsync({ ...options, useFactory });
      }
    }
    class LocalProvider extends FlagshipServerProvider {
      constructor(options: FlagshipProviderOptions) {
        super(here(options));
      }
    }
    return { ...flagshipPackage, FlagshipModule: LocalModule, FlagshipServerProvider: LocalProvider };
  };

  /** What a block exports. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- said once, where it is loaded
  function load<Exports>(name: string, instead: Readonly<Record<string, unknown>> = {}): Exports {
    const block = code.get(name);
    if (block === undefined) throw new Error(`The README has no block "${name}".`);
    ran.add(name);
    const local = !['app.module.ts', 'async.module.ts', 'checkout.test.ts'].includes(name);
    return runBlock(block, (id) => {
      if (id.startsWith('./')) return load(`${id.slice(2)}.ts`);
      if (id === 'nestjs-flagship' && local) return withLocalFlagship();
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- as the block's own require
      return instead[id] ?? (require(id) as unknown);
    }) as Exports;
  }

  async function listen(module: Type | DynamicModule): Promise<INestApplication> {
    const app = await NestFactory.create(module as Type, quiet);
    closing.push(() => app.close());
    return app.listen(0, '127.0.0.1').then(() => app);
  }

  async function ask(module: Type | DynamicModule) {
    const app = await listen(module);
    return request(app.getHttpServer() as never);
  }

  const connection = (): FlagshipModuleOptions => ({
    appId: flagship.appId,
    accountId: flagship.accountId,
    authToken: TOKEN,
    baseUrl: flagship.url,
  });

  /** An application around what a block exports without a module of its own. */
  function around(
    parts: { controllers?: Type[]; providers?: Type[]; imports?: (Type | DynamicModule)[] },
    options: Partial<FlagshipModuleOptions> = {},
  ): DynamicModule {
    @Module({})
    class Around {}
    const { imports = [], ...rest } = parts;
    return {
      module: Around,
      imports: [FlagshipModule.forRoot({ ...connection(), ...options }), ...imports],
      ...rest,
    };
  }

  const rule = (attribute: string, value: string, serve_variation = 'on') => ({
    conditions: [{ attribute, operator: 'equals', value } as const],
    serve_variation,
  });
  const onFor = (key: string, attribute: string, value: string) => ({
    key,
    enabled: true,
    variations: { on: true, off: false },
    default_variation: 'off',
    rules: [rule(attribute, value)],
  });

  it('app.module.ts', async () => {
    flagship.setFlags({
      'home-page': 'modern',
      'upload-limit': 20,
      'new-checkout': onFor('new-checkout', 'plan', 'pro'),
    });
    const { AppModule } = load<{ AppModule: Type }>('app.module.ts');
    const http = await ask(AppModule);
    await http.get('/').expect(200, { page: 'modern', uploadLimit: 20 });
    await http.post('/checkout/v2').expect(404);
    await http.post('/checkout/v2').set('x-plan', 'pro').expect(201, { checkout: 'new' });
  });

  it('local.ts', async () => {
    const { beforeAndAfter } = load<{ beforeAndAfter: () => Promise<boolean[]> }>('local.ts');
    expect(await beforeAndAfter()).toEqual([false, true]);
  });

  it('context.module.ts', async () => {
    const { ContextModule } = load<{ ContextModule: Type }>('context.module.ts');
    const { FullController } = load<{ FullController: Type }>('lean.module.ts');
    @Module({ imports: [ContextModule], controllers: [FullController] })
    class ShowsContext {}
    const http = await ask(ShowsContext);
    await http
      .get('/full')
      .set({ host: 'shop.example', 'x-plan': 'pro', 'x-other': 'x' })
      .expect(200, { service: 'shop', region: 'eu', plan: 'pro', tenant: 'shop.example' });
  });

  it('reports.controller.ts', async () => {
    const { ReportsController } = load<{ ReportsController: Type }>('reports.controller.ts');
    const http = await ask(around({ controllers: [ReportsController] }));
    await http.get('/reports/charts').expect(404);
    flagship.setFlags({
      reports: true,
      charts: true,
      'charts-export': false,
      plan: 'free',
      maintenance: true,
    });
    await http.get('/reports/charts').expect(404);
    await http.get('/reports/yearly').expect(403);
    const { body } = await http.get('/reports/live').expect(503);
    expect(body).toMatchObject({ message: 'live is closed' });
    flagship.setFlags({ reports: true, charts: true, 'charts-export': true, plan: 'team' });
    await http.get('/reports/charts').expect(200, 'charts');
    await http.get('/reports/yearly').expect(200, 'yearly');
    await http.get('/reports/live').expect(200, 'live');
  });

  it('account.controller.ts', async () => {
    const { AccountController } = load<{ AccountController: Type }>('account.controller.ts');
    flagship.setFlags({ 'new-account-page': onFor('new-account-page', 'targetingKey', 'ann') });
    const http = await ask(around({ controllers: [AccountController] }));
    await http.get('/account').expect(403);
    await http.get('/account').set('x-demo-user', 'bob').expect(404);
    await http.get('/account').set('x-demo-user', 'ann').expect(200, 'the new page');
  });

  it('checkout.controller.ts', async () => {
    const { CheckoutController } = load<{ CheckoutController: Type }>('checkout.controller.ts');
    class Login implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const req = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
        req.user = { isStaff: req.headers['x-staff'] === 'yes' };
        return true;
      }
    }
    @Module({ providers: [{ provide: APP_GUARD, useClass: Login }] })
    class LoginModule {}
    const http = await ask(around({ controllers: [CheckoutController], imports: [LoginModule] }));
    await http.get('/checkout').expect(302).expect('location', '/old-checkout');
    await http.get('/checkout').set('x-staff', 'yes').expect(200, 'new');
    await http.get('/old-checkout').expect(200, 'old');
    await http.get('/wallets').expect(404);
    flagship.setFlags({ 'new-checkout': true, 'apple-pay': true, 'google-pay': false });
    await http.get('/checkout').expect(200, 'new');
    await http.get('/old-checkout').expect(404);
    await http.get('/wallets').expect(200, 'wallets');
  });

  it('beta.interceptor.ts', async () => {
    const { BetaInterceptor } = load<{ BetaInterceptor: Type }>('beta.interceptor.ts');
    const { PagesController } = load<{ PagesController: Type }>('pages.controller.ts');
    const { ReportsController } = load<{ ReportsController: Type }>('reports.controller.ts');
    flagship.setFlags({ reports: true, charts: true, 'charts-export': true });
    const controllers = [ReportsController, PagesController];
    const app = await NestFactory.create(around({ controllers }) as never, quiet);
    closing.push(() => app.close());
    app.useGlobalInterceptors(new BetaInterceptor() as never);
    await app.listen(0, '127.0.0.1');
    const http = request(app.getHttpServer() as never);
    await http.get('/reports/charts').expect('x-flags', 'reports, charts, charts-export');
    expect((await http.get('/pages').expect(200)).headers).not.toHaveProperty('x-flags');
  });

  it('polite.guard.ts', async () => {
    const { GuardsModule } = load<{ GuardsModule: Type }>('polite.guard.ts');
    const { ReportsController } = load<{ ReportsController: Type }>('reports.controller.ts');
    const http = await ask(around({ controllers: [ReportsController], imports: [GuardsModule] }));
    const { body } = await http.get('/reports/charts').expect(403);
    expect(body).toMatchObject({ message: 'Not for you yet: reports' });
  });

  it('pricing.service.ts', async () => {
    interface Pricing {
      price(amount: number): Promise<number>;
      explain(): Promise<string>;
      showsPrices(country: string): Promise<boolean>;
    }
    const { PricingService } = load<{ PricingService: Type<Pricing> }>('pricing.service.ts');
    flagship.setFlags({ 'discount-percent': 25, prices: onFor('prices', 'country', 'CH') });
    const pricing = (await listen(around({ providers: [PricingService] }))).get(PricingService);
    expect(await pricing.price(80)).toBe(60);
    expect(await pricing.explain()).toBe('25 (default, STATIC)');
    expect(await pricing.showsPrices('CH')).toBe(true);
    expect(await pricing.showsPrices('DE')).toBe(false);
    flagship.setFlags({});
    expect(await pricing.explain()).toBe('0 (no variant, FLAG_NOT_FOUND)');
  });

  it('pages.controller.ts', async () => {
    const { PagesController } = load<{ PagesController: Type }>('pages.controller.ts');
    const http = await ask(around({ controllers: [PagesController] }));
    await http.get('/pages').expect(200, { page: 'modern', accent: 'teal', limit: 20, because: 'STATIC' });
  });

  it('newsletter.service.ts', async () => {
    interface Newsletter {
      send(userId: string): Promise<string>;
    }
    const { NewsletterService } = load<{ NewsletterService: Type<Newsletter> }>('newsletter.service.ts');
    const newsletter = {
      key: 'newsletter',
      enabled: true,
      variations: { long: 'long', short: 'short' },
      default_variation: 'short',
      rules: [rule('targetingKey', 'ann', 'long')],
    };
    flagship.setFlags({ newsletter });
    const service = (await listen(around({ providers: [NewsletterService] }))).get(NewsletterService);
    expect(await Promise.all(['ann', 'bob'].map((user) => service.send(user)))).toEqual(['long', 'short']);
  });

  it('typed.controller.ts', async () => {
    const { TypedController } = load<{ TypedController: Type }>('typed.controller.ts');
    flagship.setFlags({ 'home-page': 'modern', 'upload-limit': 20, 'new-checkout': true });
    const http = await ask(around({ controllers: [TypedController] }));
    await http.get('/typed').expect(200, { limit: 20, misspelt: false, checkout: true });
    flagship.setFlags({ 'home-page': 'classic' });
    await http.get('/typed').expect(404);
  });

  it('checkout.test.ts', async () => {
    const { testCheckout } = load<{ testCheckout: () => Promise<object[]> }>('checkout.test.ts');
    const checkout = (context: object, value: boolean) => ({ flagKey: 'new-checkout', context, value });
    expect(await testCheckout()).toEqual([
      checkout({}, true),
      checkout({}, false),
      checkout({ targetingKey: 'ann' }, true),
      checkout({ plan: 'pro' }, true),
      checkout({}, false),
    ]);
    // Nest's testing package quiets the logger of the whole process; others listen to it here.
    Logger.overrideLogger(new ConsoleLogger());
  });

  it('look.service.ts', async () => {
    interface Look {
      look(): Promise<object>;
      explain(): Promise<object[]>;
    }
    const { LookService } = load<{ LookService: Type<Look> }>('look.service.ts');
    const look = (await listen(around({ providers: [LookService] }))).get(LookService);
    expect(await look.look()).toEqual({ accent: 'teal', radius: 4 });
    expect(await look.explain()).toMatchObject([
      { value: { accent: 'teal' }, reason: 'STATIC' },
      { value: 'modern', reason: 'STATIC' },
    ]);
    flagship.setFlags({ look: 'none' });
    expect(await look.look()).toEqual({ accent: 'grey', radius: 4 });
  });

  it('fresh.module.ts', async () => {
    const app = await startLocalFlagship({ flags: { 'home-page': 'old' }, appId: 'fresh', authToken: TOKEN });
    closing.push(() => app.close());
    const folder = await mkdtemp(join(tmpdir(), 'readme-'));
    closing.push(() => rm(folder, { recursive: true }));
    addresses.set(app.appId, app.url);
    process.env.FLAGSHIP_APP_ID = app.appId;
    process.env.FLAGSHIP_CACHE_FILE = join(folder, 'flags.json');
    closing.push(async () => {
      process.env.FLAGSHIP_APP_ID = flagship.appId;
      delete process.env.FLAGSHIP_CACHE_FILE;
    });
    const { FreshModule } = load<{ FreshModule: Type }>('fresh.module.ts');
    const home = (shop: INestApplication) => shop.get(FlagService).getStringDetails('home-page', 'classic');
    const answers = (value: string) => ({ value, reason: 'STATIC' });

    const shop = await listen(FreshModule);
    expect(await home(shop)).toMatchObject(answers('old'));
    app.setFlags({ 'home-page': 'new' });
    expect(await home(shop)).toMatchObject(answers('old'));
    const http = request(shop.getHttpServer() as never);
    await http.post('/flags/refresh').expect(201, { upToDate: true });
    expect(await home(shop)).toMatchObject(answers('new'));
    await app.close();
    await http.post('/flags/refresh').expect(201, { upToDate: false });
    expect(await home(shop)).toMatchObject(answers('new'));

    const warnings: string[] = [];
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      warnings.push(String(text));
      return true;
    });
    const later = await listen(load<{ FreshModule: Type }>('fresh.module.ts').FreshModule);
    write.mockRestore();
    expect(warnings.join()).toContain('the definitions kept on disk are used');
    expect(await home(later)).toMatchObject(answers('new'));
  });

  it('offline.module.ts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'readme-'));
    closing.push(() => rm(folder, { recursive: true }));
    // The flags file that the README shows, where its module looks for it.
    await writeFile(join(folder, 'flags.json'), blocksOf(readme, 'json')[0]?.code ?? '');
    const before = process.cwd();
    closing.push(async () => process.chdir(before));
    process.chdir(folder);
    const { OfflineModule, flagsFor } = load<{
      OfflineModule: Type;
      flagsFor: (flags: object) => DynamicModule;
    }>('offline.module.ts');
    const app = await listen(OfflineModule);
    const flags = app.get(FlagService);
    expect(await flags.getStringValue('home-page', 'classic')).toBe('modern');
    expect(await flags.isEnabled('new-checkout', false, { plan: 'pro' })).toBe(true);
    await writeFile(join(folder, 'flags.json'), '{ "home-page": "edited" }');
    const homePage = (): Promise<string> => flags.getStringValue('home-page', 'classic');
    await waitUntil(async () => (await homePage()) === 'edited', 'the edit');

    const test = await listen(flagsFor({ 'new-checkout': true, 'upload-limit': 3 }));
    expect(await test.get(FlagService).getNumberValue('upload-limit', 1)).toBe(3);
  });

  it('worker.module.ts', async () => {
    const asked: unknown[] = [];
    const never = () => Promise.reject(new Error('The wrong method was asked.'));
    const FLAGS: FlagshipBinding = {
      getBooleanDetails: never,
      getNumberDetails: never,
      getObjectDetails: never,
      getStringDetails: async (...question) => {
        asked.push(question);
        return { value: 'modern', variant: 'modern', reason: 'TARGETING_MATCH' };
      },
    };
    const { WorkerModule } = load<{ WorkerModule: { with: (env: object) => DynamicModule } }>(
      'worker.module.ts',
    );
    const app = await listen(WorkerModule.with({ FLAGS }));
    const details = await app.get(FlagService).getStringDetails('home-page', 'classic', { plan: 'pro' });
    expect(details).toMatchObject({ value: 'modern', reason: 'TARGETING_MATCH' });
    expect(asked).toEqual([['home-page', 'classic', { plan: 'pro' }]]);
  });

  it('observed.module.ts', async () => {
    const { ObservedModule, durations } = load<{
      ObservedModule: Type;
      durations: Record<string, number[]>;
    }>('observed.module.ts');
    const app = await NestFactory.create(ObservedModule, talkative);
    closing.push(() => app.close());
    const lines: string[] = [];
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      lines.push(String(text));
      return true;
    });
    try {
      await app.listen(0, '127.0.0.1');
      const flags = app.get(FlagService);
      const context = { plan: 'pro', email: 'ann@example.com' };
      expect(await flags.getStringValue('home-page', 'classic', context)).toBe('modern');
      flagship.setFlags({ 'home-page': 'modern', 'upload-limit': 30, look: { accent: 'teal' } });
      expect(await flags.refresh()).toBe(true);
      await waitUntil(() => lines.some((line) => line.includes('Changed: upload-limit')), 'the event');
    } finally {
      write.mockRestore();
    }
    expect(durations).toEqual({ 'home-page': [expect.any(Number)] });
    const said = lines.join('');
    expect(said).toContain('Flag "home-page" is "modern" (default, STATIC) for {"plan":"pro"}');
    expect(said).not.toContain('ann@example.com');
  });

  it('usage.module.ts', async () => {
    const { UsageModule } = load<{ UsageModule: Type }>('usage.module.ts');
    const lines: string[] = [];
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      lines.push(String(text));
      return true;
    });
    const app = await NestFactory.create(UsageModule, talkative);
    closing.push(() => app.close());
    await app.listen(0, '127.0.0.1').finally(() => {
      write.mockRestore();
    });
    const shown = /```text\n(The code names[^`]*)```/.exec(readme)?.[1] ?? 'nothing';
    expect(lines.join('')).toContain(shown.trimEnd());
    expect(lines.join('')).toContain('names flags that Flagship does not have: "new-home".');
    const { body } = await request(app.getHttpServer() as never).get('/shop/flags');
    expect(body).toEqual([
      {
        key: 'home-page',
        uses: [{ decorator: '@FlagValue', where: 'GET /shop', handler: 'UsageController.home' }],
      },
      {
        key: 'new-home',
        uses: [{ decorator: '@FeatureFlag', where: 'GET /shop', handler: 'UsageController.home' }],
      },
    ]);
  });

  it('traced.module.ts', async () => {
    const exporter = new InMemorySpanExporter();
    const tracing = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    trace.setGlobalTracerProvider(tracing);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    closing.push(async () => {
      trace.disable();
      context.disable();
    });
    const { TracedModule } = load<{ TracedModule: Type }>('traced.module.ts');
    const flags = (await listen(TracedModule)).get(FlagService);
    const asking = tracing.getTracer('readme').startSpan('asking');
    await context.with(trace.setSpan(context.active(), asking), () =>
      flags.getStringValue('home-page', 'classic', { plan: 'pro', email: 'ann@example.com' }),
    );
    asking.end();
    const [request, caller] = exporter.getFinishedSpans();
    expect(request).toMatchObject({
      name: 'flagship evaluate',
      attributes: { 'feature_flag.key': 'home-page', 'feature_flag.context.plan': 'pro' },
      parentSpanContext: { spanId: caller?.spanContext().spanId },
    });
    expect(caller?.events).toMatchObject([{ name: 'feature_flag.evaluation' }]);
    expect(JSON.stringify([request?.attributes, caller?.events])).not.toContain('ann@example.com');
    for (const name of Object.keys(request?.attributes ?? {}))
      expect(readme).toContain(name.replace('.plan', '.<name>'));
  });

  it('health.module.ts', async () => {
    const { HealthModule } = load<{ HealthModule: Type }>('health.module.ts');
    const http = await ask(
      around({ imports: [HealthModule] }, { retries: 0, circuitBreaker: { threshold: 1 } }),
    );
    const { body } = await http.get('/health').expect(200);
    expect(body.details).toMatchObject({ flagship: { status: 'up', condition: 'ok', provider: 'READY' } });
    await http.get('/health/strict').expect(200);
    const away = await startScriptedServer({ status: 503 });
    closing.push(() => away.close());
    const app = await listen(
      around(
        { imports: [HealthModule] },
        { baseUrl: away.url, retries: 0, circuitBreaker: { threshold: 1 }, domain: 'away' },
      ),
    );
    await app.get(FlagService).isEnabled('new-checkout');
    const other = request(app.getHttpServer() as never);
    await other.get('/health').expect(200);
    const { body: strict } = await other.get('/health/strict').expect(503);
    expect(strict.error).toMatchObject({ flagship: { status: 'down', condition: 'unavailable' } });
  });

  it('search.module.ts', async () => {
    interface Search {
      page(): Promise<string>;
    }
    const { SearchModule, SearchService, seen } = load<{
      SearchModule: Type;
      SearchService: Type<Search>;
      seen: string[];
    }>('search.module.ts');
    const app = await listen(SearchModule);
    expect(await app.get(SearchService).page()).toBe('modern');
    expect(await app.get(FlagService).getNumberValue('upload-limit', 1)).toBe(20);
    expect(seen).toEqual(['home-page = "modern" (STATIC)', 'upload-limit = 20 (STATIC)']);
  });

  it('async.module.ts', async () => {
    // These reach Flagship through options of their own, so the settings get the address.
    const { FlagshipSettings, withFactory, withClass, withExisting } = load<
      { FlagshipSettings: Type } & Record<'withFactory' | 'withClass' | 'withExisting', DynamicModule>
    >('async.module.ts');
    const make = FlagshipSettings.prototype.createFlagshipOptions as () => object;
    FlagshipSettings.prototype.createFlagshipOptions = () => ({ ...make(), baseUrl: flagship.url });
    for (const module of [withFactory, withClass, withExisting]) {
      const app = await listen(module);
      expect(await app.get(FlagService).getStringValue('home-page', 'classic')).toBe('modern');
    }
  });

  it('rotating-token.ts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'readme-'));
    closing.push(() => rm(folder, { recursive: true }));
    process.env.FLAGSHIP_TOKEN_FILE = join(folder, 'token');
    const { options } = load<{ options: FlagshipProviderOptions }>('rotating-token.ts');
    const provider = new FlagshipServerProvider({ ...options, baseUrl: flagship.url, retries: 0 });
    closing.push(() => provider.onClose());
    const read = () => provider.resolveStringEvaluation('home-page', 'classic', {});
    await writeFile(process.env.FLAGSHIP_TOKEN_FILE, `${TOKEN}\n`);
    expect(await read()).toMatchObject({ value: 'modern' });
    await writeFile(process.env.FLAGSHIP_TOKEN_FILE, 'another');
    expect(await read()).toMatchObject({ value: 'classic', errorCode: 'GENERAL' });
  });

  it('lean.module.ts', async () => {
    const { LeanModule } = load<{ LeanModule: Type }>('lean.module.ts');
    const http = await ask(LeanModule);
    await http.get('/fast').expect(200, 'modern');
    await http.get('/full').set('x-user-id', 'ann').expect(200, { targetingKey: 'ann' });
  });

  it('middleware.module.ts', async () => {
    const { MiddlewareModule } = load<{ MiddlewareModule: Type }>('middleware.module.ts');
    const options = { propagation: 'none', requestContext: { userId: 'x-user-id' } } as const;
    const http = await ask(around({ imports: [MiddlewareModule] }, options));
    await http.get('/scoped').set('x-user-id', 'ann').expect(200, { targetingKey: 'ann' });
  });

  it('cart.resolver.ts', async () => {
    const { CartResolver } = load<{ CartResolver: Type }>('cart.resolver.ts');
    flagship.setFlags({
      'home-page': 'modern',
      'upload-limit': 20,
      'gift-wrap': onFor('gift-wrap', 'plan', 'pro'),
    });
    const graphql = GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      typeDefs: `
        type Cart { id: ID! limit: Int! page: String! giftWrap: String }
        type Query { cart(id: ID!): Cart! }
      `,
      fieldResolverEnhancers: ['guards', 'interceptors'],
      playground: false,
    });
    const options = { requestContext: { headers: { 'x-plan': 'plan' } } };
    const http = await ask(around({ providers: [CartResolver], imports: [graphql] }, options));
    const query = '{ cart(id: "7") { id limit page giftWrap } }';
    const cart = { id: '7', limit: 20, page: 'modern' };
    const pro = await http.post('/graphql').set('x-plan', 'pro').send({ query }).expect(200);
    expect(pro.body).toEqual({ data: { cart: { ...cart, giftWrap: 'red paper' } } });
    const free = await http.post('/graphql').send({ query }).expect(200);
    expect(free.body).toMatchObject({
      data: { cart: { ...cart, giftWrap: null } },
      errors: [{ message: 'Not Found', extensions: { code: 'NOT_FOUND' } }],
    });
  });

  it('chat.gateway.ts', async () => {
    const { ChatGateway } = load<{ ChatGateway: Type }>('chat.gateway.ts');
    flagship.setFlags({
      'message-limit': {
        key: 'message-limit',
        enabled: true,
        variations: { short: 5, long: 50 },
        default_variation: 'short',
        rules: [rule('targetingKey', 'ann', 'long')],
      },
      reactions: onFor('reactions', 'targetingKey', 'ann'),
    });
    const options = { requestContext: { userId: 'x-user-id' } };
    const app = await listen(around({ providers: [ChatGateway] }, options));
    const chat = async (user: string) => {
      const extraHeaders = { 'x-user-id': user };
      const socket = io(await app.getUrl(), { extraHeaders, reconnection: false, forceNew: true });
      closing.push(async () => socket.disconnect());
      const answer = (event: string) => new Promise((resolve) => socket.once(event, resolve));
      return { socket, answer };
    };
    const [ann, bob] = [await chat('ann'), await chat('bob')];
    const said = [ann, bob].map(({ socket, answer }) => {
      socket.emit('say', 'hello world');
      return answer('said');
    });
    expect(await Promise.all(said)).toEqual(['hello world', 'hello']);
    const reacted = [ann.answer('reacted'), bob.answer('exception')];
    for (const { socket } of [ann, bob]) socket.emit('react', ':)');
    expect(await Promise.all(reacted)).toMatchObject([':)', { message: 'Not Found' }]);
  });

  it('orders.controller.ts', async () => {
    const { OrdersController } = load<{ OrdersController: Type }>('orders.controller.ts');
    flagship.setFlags({
      'home-page': 'modern',
      'express-orders': onFor('express-orders', 'targetingKey', 'ann'),
    });
    const contextFactory = (execution: ExecutionContext) => ({
      targetingKey: execution.switchToRpc().getData<{ userId: string }>().userId,
    });
    const tcp = { transport: Transport.TCP as const, options: { host: '127.0.0.1', port: 0 } };
    const settings: Readonly<MicroserviceOptions & NestApplicationOptions> = { ...quiet, ...tcp };
    const module = around({ controllers: [OrdersController] }, { contextFactory });
    const service = await NestFactory.createMicroservice<object>(module, settings);
    closing.push(() => service.close());
    await service.listen();
    const { port } = service.unwrap<NetServer>().address() as AddressInfo;
    const client = ClientProxyFactory.create({ ...tcp, options: { host: '127.0.0.1', port } });
    closing.push(async () => void client.close());
    const send = (pattern: string, order: object): Promise<unknown> =>
      firstValueFrom(client.send<unknown>(pattern, order));
    expect(await send('orders.page', { userId: 'bob' })).toBe('modern');
    expect(await send('orders.express', { id: '7', userId: 'ann' })).toEqual({ express: '7' });
    await expect(send('orders.express', { id: '7', userId: 'bob' })).rejects.toMatchObject({
      message: 'Not Found',
    });
  });

  it('reports.job.ts', async () => {
    interface Reports {
      process(job: object): Promise<string>;
      nightly(): Promise<string>;
    }
    const { ReportsJob } = load<{ ReportsJob: Type<Reports> }>('reports.job.ts');
    const report = {
      key: 'report',
      enabled: true,
      variations: { plain: 'plain', rich: 'rich', short: 'short' },
      default_variation: 'plain',
      rules: [rule('targetingKey', 'ann', 'rich'), rule('targetingKey', 'nightly', 'short')],
    };
    flagship.setFlags({ report });
    const app = await listen(around({ providers: [ReportsJob], imports: [ScheduleModule.forRoot()] }));
    const reports = app.get(ReportsJob);
    expect(await reports.process({ userId: 'ann' })).toBe('rich report for ann');
    expect(await reports.process({ userId: 'bob' })).toBe('plain report for bob');
    expect(await reports.nightly()).toBe('short');
    expect(app.get(SchedulerRegistry).getCronJobs().size).toBe(1);
  });

  it('billing.module.ts', async () => {
    const billing = await startLocalFlagship({
      flags: {
        currency: 'CHF',
        'invoice-page': 'billing',
        invoices: onFor('invoices', 'targetingKey', 'acme'),
      },
      appId: 'billing',
    });
    closing.push(() => billing.close());
    process.env.FLAGSHIP_BILLING_APP_ID = billing.appId;
    addresses.set(billing.appId, billing.url);
    const { BillingModule } = load<{ BillingModule: Type }>('billing.module.ts');
    const http = await ask(BillingModule);
    await http.get('/billing').expect(404);
    await http
      .get('/billing')
      .set('x-account', 'acme')
      .expect(200, { currency: 'CHF', page: 'modern', invoice: 'billing' });
  });

  it('and service and client of a domain are injected by its name', async () => {
    @Injectable()
    class Reads {
      constructor(
        @OpenFeatureClient({ domain: 'billing' }) readonly named: Client,
        @OpenFeatureClient() readonly unnamed: Client,
        readonly flags: FlagService,
      ) {}
    }
    const app = await listen(around({ providers: [Reads] }, { domain: 'billing' }));
    const { named, unnamed, flags } = app.get(Reads);
    expect(await named.getStringValue('home-page', 'classic')).toBe('modern');
    expect(unnamed).toBe(named);
    expect(app.get(getFlagsToken('billing'))).toBe(flags);
  });

  it('openfeature.ts', async () => {
    const { homePage } = load<{ homePage: (userId: string) => Promise<string> }>('openfeature.ts');
    closing.push(() => OpenFeature.clearProviders());
    expect(await homePage('ann')).toBe('modern');
  });

  it('in-memory.module.ts', async () => {
    const { InMemoryModule } = load<{ InMemoryModule: Type }>('in-memory.module.ts');
    const http = await ask(InMemoryModule);
    await http.get('/before').expect(200, 'Hi');
    await http.get('/after').expect(200, 'Hi');
  });

  /** In place of Redis: what one instance writes there, the other finds. */
  const inMemory = () => {
    const kept = new Map<string, unknown>();
    return { kept, '@keyv/redis': { createKeyv: () => new Keyv({ store: kept }) } };
  };

  async function withoutRedis<T>(run: () => Promise<T>): Promise<T> {
    process.env.REDIS_URL = `redis://127.0.0.1:${await closedPort()}`;
    try {
      return await run();
    } finally {
      delete process.env.REDIS_URL;
    }
  }

  it('shared.module.ts', async () => {
    const { kept, ...instead } = inMemory();
    const { SharedModule } = load<{ SharedModule: Type }>('shared.module.ts', instead);
    const [one, other] = [await listen(SharedModule), await listen(SharedModule)];
    const home = (app: INestApplication) => app.get(FlagService).getStringDetails('home-page', 'classic');
    expect(await home(one)).toMatchObject({ value: 'modern', reason: 'STATIC' });
    await waitUntil(() => kept.size > 0, 'the answer in the store');
    flagship.setFlags({ 'home-page': 'newer' });
    expect(await home(other)).toMatchObject({ value: 'modern', reason: 'CACHED' });
    expect(other.get(FlagService).stats()).toMatchObject({ hits: { store: 1 }, upstream: { requests: 0 } });
    const keys = [...kept.keys()].join();
    expect(keys).toMatch(/nestjs-flagship:local:local:[0-9a-f]{16}:v1:string:home-page:[\w-]{43}$/);
  });

  it('shared.module.ts, while Redis is away', async () => {
    await withoutRedis(async () => {
      const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
      try {
        const { SharedModule, cacheStore } = load<{ SharedModule: Type; cacheStore: Cache }>(
          'shared.module.ts',
        );
        const app = await listen(SharedModule);
        const flags = app.get(FlagService);
        // At once: what asks while the client connects would wait in its queue, and closing wait with it.
        const answers = ['ann', 'bob', 'eve'].map((user) =>
          flags.getStringValue('home-page', 'classic', { user }),
        );
        expect(await Promise.all(answers)).toEqual(['modern', 'modern', 'modern']);
        await app.close();
        await cacheStore.disconnect();
        const said = write.mock.calls.map(([text]) => String(text));
        expect(said.filter((line) => line.includes('The shared store'))).toHaveLength(1);
      } finally {
        write.mockRestore();
      }
    });
  });

  it('nest-cache.module.ts', async () => {
    const { kept, ...instead } = inMemory();
    const { NestCacheModule } = load<{ NestCacheModule: Type }>('nest-cache.module.ts', instead);
    const one = await listen(NestCacheModule);
    await waitUntil(() => kept.size === 2, 'the definitions in the store');
    const other = await listen(NestCacheModule);
    for (const app of [one, other])
      expect(await app.get(FlagService).getStringValue('home-page', 'classic')).toBe('modern');
    expect(other.get(FlagService).stats()).toMatchObject({ upstream: { requests: 0 } });
  });

  it('nest-cache.module.ts, while Redis is away', async () => {
    await withoutRedis(async () => {
      const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
      try {
        const app = await listen(load<{ NestCacheModule: Type }>('nest-cache.module.ts').NestCacheModule);
        expect(await app.get(FlagService).getStringValue('home-page', 'classic')).toBe('modern');
        await app.close();
      } finally {
        write.mockRestore();
      }
    });
  });

  it('steady.ts', async () => {
    const { options } = load<{ options: FlagshipProviderOptions }>('steady.ts');
    const server = await startScriptedServer();
    closing.push(() => server.close());
    server.script({ body: { flagKey: 'home-page', value: 'modern', reason: 'STATIC' } }, () => undefined);
    const { appId, accountId, ...rest } = options;
    const endpoint = `${server.url}/evaluate`;
    const provider = new FlagshipServerProvider({ ...rest, endpoint, cacheTtl: 1 });
    closing.push(() => provider.onClose());
    const home = () => provider.resolveStringEvaluation('home-page', 'classic', {});
    expect([appId, accountId, await home()]).toMatchObject([flagship.appId, flagship.accountId, {}]);
    // Flagship is silent from now on.
    await waitUntil(async () => (await home()).reason === 'STALE', 'the stale answer');
    expect(await home()).toMatchObject({ value: 'modern', reason: 'STALE' });
  });

  it('flag-stats.controller.ts', async () => {
    const { FlagStatsController } = load<{ FlagStatsController: Type<{ summary(): string }> }>(
      'flag-stats.controller.ts',
    );
    const app = await listen(around({ controllers: [FlagStatsController] }));
    await app.get(FlagService).getStringValue('home-page', 'classic');
    await app.get(FlagService).getStringValue('nothing', 'classic');
    const { body } = await request(app.getHttpServer() as never).get('/flag-stats');
    expect(body).toMatchObject({
      evaluations: 2,
      errors: 1,
      upstream: { requests: 2, outcomes: { answered: 1, notFound: 1 } },
      circuit: { state: 'closed' },
    });
    expect(app.get(FlagStatsController).summary()).toMatch(
      /^2 evaluations, 1 failed, 0 stale; p99 \d+ ms; circuit closed$/,
    );
  });

  it('all of it', () => {
    expect([...ran].sort()).toEqual([...code.keys()].sort());
  });

  it('and the flags file is one', async () => {
    const [file, ...others] = blocksOf(readme, 'json');
    expect(others).toEqual([]);
    const problems: string[] = [];
    const local = await startLocalFlagship({
      flags: JSON.parse(file?.code ?? '') as never,
      report: (problem) => problems.push(problem),
    });
    closing.push(() => local.close());
    expect(problems).toEqual([]);
    const { url: baseUrl, appId, accountId } = local;
    const provider = new FlagshipServerProvider({ baseUrl, appId, accountId });
    closing.push(() => provider.onClose());
    expect(await provider.resolveObjectEvaluation('look', {}, {})).toMatchObject({
      value: { accent: 'teal', radius: 8 },
      reason: 'STATIC',
    });
    expect(await provider.resolveBooleanEvaluation('new-checkout', false, { plan: 'pro' })).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
    });
  });
});

describe('the tables hold every option with its default:', () => {
  const plain = (text: string): string => text.replace(/[`']/g, '');
  const moduleOptions = 'lib/options/module-options.ts';
  const extras = interfaceOptions(moduleOptions, 'FlagshipModuleExtras');
  const tables: [heading: string, options: DocumentedOptions][] = [
    ['Provider options', interfaceOptions('lib/options/provider-options.ts', 'FlagshipProviderOptions')],
    ['Circuit breaker options', interfaceOptions('lib/options/provider-options.ts', 'CircuitBreakerOptions')],
    ['Module options', new Map([...interfaceOptions(moduleOptions, 'FlagshipModuleSettings'), ...extras])],
    ['Request context options', interfaceOptions(moduleOptions, 'RequestContextOptions')],
    [
      'Options of forRootAsync',
      new Map([
        ...interfaceOptions(moduleOptions, 'FlagshipModuleAsyncOptions'),
        ...extras,
        // As Nest's own modules have it.
        ['imports', undefined],
      ]),
    ],
    ['Guard options', interfaceOptions('lib/guards/feature-flag.options.ts', 'FeatureFlagOptions')],
    ['Health check options', interfaceOptions('lib/terminus/health-options.ts', 'FlagshipHealthOptions')],
    ['Local Flagship options', interfaceOptions('lib/local-server/local-options.ts', 'LocalFlagshipOptions')],
    ['Command line options', commandOptions()],
  ];

  it.each(tables)('%s', (heading, options) => {
    const rows = tableOf(readme, heading);
    const said = rows.map((row) => [plain(row[0] ?? ''), plain(row[row.length > 2 ? 2 : 1] ?? '')]);
    const wanted = [...options].map(([name, standard]) => [name, plain(standard ?? '–')]);
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(wanted));
    expect(said).toHaveLength(wanted.length);
  });

  it("and the command's usage knows what it parses", () => {
    expect([...commandOptions().keys()]).toEqual(parsedOptions());
  });

  it('and every method of FlagService has a row', () => {
    const methods = Object.getOwnPropertyNames(FlagService.prototype).filter(
      (name) => name !== 'constructor',
    );
    const named = tableOf(readme, 'FlagService').flatMap(([cell = '']) =>
      [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name),
    );
    expect(named.sort()).toEqual(methods.sort());
  });
});

it('and every member of TestFlags has a row', () => {
  const members = [...Object.getOwnPropertyNames(TestFlags.prototype), ...Object.keys(new TestFlags())];
  const named = tableOf(readme, 'Testing').map(([cell = '']) => /`(\w+)/.exec(cell)?.[1]);
  expect(named.sort()).toEqual(members.filter((name) => name !== 'constructor').sort());
});

describe('the table of statistics', () => {
  const leaves = (value: unknown, path: string): string[] =>
    typeof value === 'object' && value !== null && !(value instanceof Date)
      ? Object.entries(value).flatMap(([name, inner]) =>
          leaves(inner, path === '' ? name : `${path}.${name}`),
        )
      : [path];

  it('has every number that there is', async () => {
    const provider = new FlagshipServerProvider({ endpoint: 'http://127.0.0.1:1/evaluate' });
    await provider.initialize();
    const local = new FlagshipServerProvider({
      endpoint: 'http://127.0.0.1:1/evaluate',
      accountId: 'shop',
      localEvaluation: true,
    });
    const stats = { ...provider.stats(), definitions: local.stats().definitions };
    await provider.onClose();
    const named = tableOf(readme, 'Statistics').flatMap(([fields = '', meaning = '']) => {
      const names = [...fields.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => name);
      const inner = [...meaning.matchAll(/`(\w+)`/g)].map(([, name = '']) => `${names[0]}.${name}`);
      return /\.(outcomes|latency)$/.test(names[0] ?? '') ? inner : names;
    });
    expect(named.sort()).toEqual(leaves(stats, '').sort());
  });
});

describe('the table of errors is true:', () => {
  interface Situation {
    readonly script?: readonly ScriptedAnswer[];
    readonly options?: Partial<FlagshipProviderOptions>;
    readonly context?: EvaluationContext;
    readonly prepare?: (provider: FlagshipServerProvider) => Promise<unknown>;
    /** Options of another source than HTTP. */
    readonly instead?: FlagshipProviderOptions;
    /** Where only OpenFeature's client knows the answer. */
    readonly throughClient?: boolean;
    /** Where only the module knows the answer. */
    readonly throughModule?: FlagshipModuleOptions;
  }
  const answer = (body: object): ScriptedAnswer => ({ body: { flagKey: 'flag', variant: 'on', ...body } });
  const ask = (provider: FlagshipServerProvider, context: EvaluationContext = {}) =>
    provider.resolveStringEvaluation('flag', 'default', context);
  const askClient = async (provider: FlagshipServerProvider) => {
    await OpenFeature.setProviderAndWait('errors', provider).catch(() => undefined);
    const details = await OpenFeature.getClient('errors').getStringDetails('flag', 'default');
    await OpenFeature.clearProviders();
    return details;
  };
  const askModule = async (options: FlagshipModuleOptions) => {
    const app = await NestFactory.createApplicationContext(FlagshipModule.forRoot(options), quiet);
    const details = await app.get(FlagService).getStringDetails('flag', 'default');
    await app.close();
    return details;
  };
  const failing = (status: number): Situation => ({ script: [{ status }] });
  const locally = { localEvaluation: true, accountId: 'account', refreshInterval: 5 };
  const start = (provider: FlagshipServerProvider) => provider.initialize().catch(() => undefined);
  const fails = () => Promise.reject(new Error('The binding is away.'));
  const hangs = () => new Promise<never>(() => undefined);
  const situations: Readonly<Record<string, readonly Situation[]>> = {
    'Flagship responded': ['STATIC', 'TARGETING_MATCH', 'SPLIT', 'DEFAULT'].map((reason) => ({
      script: [answer({ value: 'served', reason })],
    })),
    'The cache had the resolution': [
      {
        script: [answer({ value: 'served', reason: 'STATIC' })],
        options: { cacheTtl: 60_000 },
        prepare: ask,
      },
    ],
    'A stale resolution replaced a fresh one (`staleTtl`)': [
      {
        script: [answer({ value: 'served', reason: 'STATIC' }), { status: 503 }],
        options: { cacheTtl: 1, staleTtl: 60_000, retries: 0 },
        prepare: async (provider) => {
          await ask(provider);
          await waitUntil(async () => (await ask(provider)).reason === 'STALE', 'the answer to grow old');
        },
      },
    ],
    'The flag is disabled': [{ script: [answer({ value: 'served', reason: 'DISABLED' })] }],
    'The flag, app or account does not exist (404)': [failing(404)],
    'The cache knows that the flag does not exist (`negativeTtl`)': [
      { script: [{ status: 404 }], options: { negativeTtl: 60_000 }, prepare: ask },
    ],
    'The flag has another type than requested': [{ script: [answer({ value: 7 })] }],
    'The context holds a value that cannot be sent': [{ context: { tags: ['a'] } }],
    'The context is larger than Flagship accepts': [{ context: { text: 'x'.repeat(2 ** 15) } }],
    'The token is wrong or lacks the permission (401, 403)': [401, 403].map(failing),
    'Any other 4xx, or a redirect': [400, 402, 405, 409, 418, 422, 301, 307].map(failing),
    'No connection, or no complete response within `timeout`': [
      { script: [(response) => response.destroy()] },
      { script: [() => undefined], options: { timeout: 50 } },
      { script: [(response) => void response.write('{')], options: { timeout: 50 } },
    ],
    '408, 425, 429 or 5xx': [408, 425, 429, 500, 502, 503].map(failing),
    'No response within `deadline`': [
      { script: [() => undefined], options: { deadline: 50, retryDelay: 1000 } },
    ],
    'The circuit is open': [
      { script: [{ status: 503 }], options: { circuitBreaker: { threshold: 1 } }, prepare: ask },
    ],
    'The signal of `fetchOptions` is aborted': [
      { options: { fetchOptions: { signal: AbortSignal.abort() } } },
    ],
    '`maxConcurrent` evaluations are in progress': [
      {
        script: [() => undefined],
        options: { maxConcurrent: 1 },
        prepare: async (provider) => {
          void ask(provider, { user: 'another' });
          await waitUntil(() => provider.stats().upstream?.inFlight === 1, 'the other evaluation');
        },
      },
    ],
    '`headersFactory` failed': [{ options: { headersFactory: () => Promise.reject(new Error('no token')) } }],
    'The response is not of the documented form': [
      { script: [{ body: '<html>' }] },
      { script: [{ body: [] }] },
    ],
    'The response is about another flag': [{ script: [answer({ flagKey: 'other', value: true })] }],
    'The response is larger than 128 KB': [{ script: [answer({ value: 'x'.repeat(2 ** 17) })] }],
    'A binding failed': [
      {
        instead: {
          binding: {
            getBooleanDetails: fails,
            getStringDetails: fails,
            getNumberDetails: fails,
            getObjectDetails: fails,
          },
        },
      },
    ],
    'A binding did not respond within `deadline`': [
      {
        instead: {
          deadline: 50,
          binding: {
            getBooleanDetails: hangs,
            getStringDetails: hangs,
            getNumberDetails: hangs,
            getObjectDetails: hangs,
          },
        },
      },
    ],
    "The flag's definition is malformed, evaluated locally": [
      { script: [{ body: { flags: { flag: { enabled: true } } } }], options: locally, prepare: start },
      { instead: { definitions: { flag: { enabled: true, variations: { on: 1 } } } } },
    ],
    'Local evaluation has no definitions yet': [
      { script: [{ status: 500 }], options: { ...locally, retries: 0 }, prepare: start },
    ],
    'Local evaluation was refused at the start (401, 403)': [401, 403].map((status) => ({
      script: [{ status }],
      options: locally,
      throughClient: true,
    })),
    'A provider used without Nest was closed': [{ prepare: (provider) => provider.onClose() }],
    'A hook or another provider exceeds `evaluationTimeout`': [
      {
        throughModule: {
          evaluationTimeout: 50,
          provider: Object.assign(new TypedInMemoryProvider({}), { resolveStringEvaluation: hangs }),
        },
      },
      {
        throughModule: {
          evaluationTimeout: 50,
          provider: Object.assign(new TypedInMemoryProvider({}), { hooks: [{ before: hangs }] }),
        },
      },
    ],
  };
  const rows = tableOf(readme, 'Errors');
  let server: ScriptedServer;
  beforeAll(async () => (server = await startScriptedServer()));
  afterAll(() => server.close());

  it('every row is tried', () => {
    expect(rows.map(([what]) => what)).toEqual(Object.keys(situations));
  });

  it.each(rows)('%s', async (what, value, reason, errorCode, again) => {
    for (const situation of situations[what]!) {
      const { script = [{ status: 500 }], options = {}, instead, context, prepare } = situation;
      server.script(...script);
      let attempts = 0;
      const headersFactory = () => ((attempts += 1), options.headersFactory?.() ?? {});
      const provider = new FlagshipServerProvider(
        instead ?? { endpoint: `${server.url}/evaluate`, retryDelay: 0, ...options, headersFactory },
      );
      await prepare?.(provider);
      attempts = 0;
      const details = await (situation.throughModule !== undefined
        ? askModule(situation.throughModule)
        : situation.throughClient
          ? askClient(provider)
          : ask(provider, context));
      expect(details.value).toBe(value === 'your default' ? 'default' : 'served');
      if (details.reason !== undefined) expect(reason).toContain(`\`${details.reason}\``);
      expect(details.errorCode ?? '–').toBe(errorCode.replaceAll('`', ''));
      if (again === 'in the background') await waitUntil(() => attempts > 2, 'another try');
      else if (again !== '–') expect(attempts).toBe({ yes: 2, no: 1, 'not sent': 0 }[again]);
      await provider.onClose();
    }
  });

  it('and so is the worst case', () => {
    const options = interfaceOptions('lib/options/provider-options.ts', 'FlagshipProviderOptions');
    const [timeout, retries, delay] = ['timeout', 'retries', 'retryDelay'].map((name) =>
      Number(options.get(name)),
    );
    const seconds = (timeout! * (retries! + 1) + delay! * retries!) / 1000;
    expect(readme).toContain(`**${seconds} seconds with the defaults**`);
    expect(readme).toContain(`[${seconds} seconds](#errors) with the defaults`);
  });

  it('and so is what local evaluation costs of the API', () => {
    const options = interfaceOptions('lib/options/provider-options.ts', 'FlagshipProviderOptions');
    const calls = 300_000 / Number(options.get('refreshInterval'));
    expect(calls).toBe(10);
    expect(readme).toContain('ten in five minutes with the default of 30 seconds');
    expect(readme).toContain(`So ${1200 / calls} instances can share a token`);
  });
});

describe.each(['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'])('%s', (file) => {
  const markdown = readMarkdown(file);

  it('names only commands that exist', () => {
    const scripts = [...markdown.matchAll(/npm (?:run ([\w:-]+)|(test)\b)/g)].map(
      ([, run, test]) => run ?? test,
    );
    for (const script of scripts) expect(packageJson.scripts).toHaveProperty([script ?? '']);
    for (const [, command = '', rest = ''] of markdown.matchAll(/npx nestjs-flagship (\w+)([^`\n]*)/g)) {
      expect(command).toBe('local');
      const used = [...rest.matchAll(/--[\w-]+/g)].map(([option]) => option);
      expect(parsedOptions()).toEqual(expect.arrayContaining(used));
    }
  });

  it('links to what exists', () => {
    const anchors = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => `#${anchorOf(heading)}`);
    const targets = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    for (const target of targets.filter((link) => !link.startsWith('http'))) {
      if (target.startsWith('#')) expect(anchors).toContain(target);
      else expect([target, existsSync(join(ROOT, target))]).toEqual([target, true]);
    }
  });
});

it('CHANGELOG.md has the version of the package', () => {
  expect(readMarkdown('CHANGELOG.md')).toContain(`## [${packageJson.version}]`);
});

it('CONTRIBUTING.md says why there is each dependency', () => {
  const { dependencies, devDependencies, peerDependencies } = packageJson;
  const said = [...readMarkdown('CONTRIBUTING.md').matchAll(/^- (`[^:]+`):/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  const wanted = [dependencies, peerDependencies, devDependencies].flatMap((group) => Object.keys(group));
  expect([...new Set(said)].sort()).toEqual([...new Set(wanted)].sort());
});
