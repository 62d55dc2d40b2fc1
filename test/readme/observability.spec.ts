import { type Type } from '@nestjs/common';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { FlagService, FlagshipServerProvider, getFlagsToken } from 'nestjs-flagship';
import { FlagshipHealthIndicator } from 'nestjs-flagship/terminus';
import { captureLog } from '../fixtures/captured-log';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';
import { waitUntil } from '../fixtures/wait-until';
import { tableOf } from './markdown';
import { readme } from './readme-blocks';
import { useReadme } from './use-readme';

const code = useReadme();
const servers = useServer();
const cleanUp = useCleanup();

afterEach(() => {
  jest.restoreAllMocks();
});

it('observed.module.ts: hooks log and measure, handlers receive events', async () => {
  const lines = captureLog();
  const { ObservedModule, durations } = code.load<{
    ObservedModule: Type;
    durations: Record<string, number[]>;
  }>('observed.module.ts');
  const flags = (await code.start(ObservedModule)).app.get(FlagService);
  const user = { plan: 'pro', email: 'ann@example.com' };
  expect(await flags.getStringValue('home-page', 'classic', user)).toBe('modern');
  code.flagship.setFlags({ 'home-page': 'modern', 'upload-limit': 30, look: { accent: 'teal' } });
  expect(await flags.refresh()).toBe(true);
  await waitUntil(() => lines.some((line) => line.includes('Changed: upload-limit')), 'the event');
  expect(durations).toEqual({ 'home-page': [expect.any(Number)] });
  const logged = lines.join('\n');
  expect(logged).toContain('Flag "home-page" is "modern" (default, STATIC) for {"plan":"pro"}');
  expect(logged).not.toContain('ann@example.com');
});

it('expiry.module.ts: the log names the owner of a flag that is read after its date, once', async () => {
  const lines = captureLog();
  const flag = { enabled: true, default_variation: 'on', variations: { on: true }, rules: [] };
  const metadata = { owner: 'checkout-team', expires: '2020-01-31' };
  code.flagship.setFlags({
    old: { key: 'old', ...flag, metadata },
    recent: { key: 'recent', ...flag, metadata: { ...metadata, expires: '2999-12-31' } },
    plain: true,
  });
  const { ExpiryModule } = code.load<{ ExpiryModule: Type }>('expiry.module.ts');
  const flags = (await code.start(ExpiryModule)).app.get(FlagService);
  for (const key of ['old', 'old', 'recent', 'plain', 'absent']) await flags.isEnabled(key);
  expect(lines.filter((line) => !line.startsWith('log '))).toEqual([
    'warn Flag "old" expired on 2020-01-31. Ask checkout-team to remove it.',
  ]);
});

it('usage.module.ts: the log and a route list the flags that decorators name', async () => {
  const lines = captureLog();
  const { UsageModule } = code.load<{ UsageModule: Type }>('usage.module.ts');
  const { http } = await code.start(UsageModule);
  const shown = /```text\n(The code names[^`]*)```/.exec(readme)?.[1] ?? 'no list in the README';
  expect(lines).toContain(`log ${shown.trimEnd()}`);
  expect(lines.join('\n')).toContain('names flags that Flagship does not have: "new-home".');
  const { body } = await http.get('/shop/flags').expect(200);
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

it('search.module.ts: the OpenFeature client is injected, and a hook sees evaluations', async () => {
  interface Search {
    page(): Promise<string>;
  }
  const { SearchModule, SearchService, seen } = code.load<{
    SearchModule: Type;
    SearchService: Type<Search>;
    seen: string[];
  }>('search.module.ts');
  const { app } = await code.start(SearchModule);
  expect(await app.get(SearchService).page()).toBe('modern');
  expect(await app.get(FlagService).getNumberValue('upload-limit', 1)).toBe(20);
  expect(seen).toEqual(['home-page = "modern" (STATIC)', 'upload-limit = 20 (STATIC)']);
});

it('traced.module.ts: spans have the listed attribute, and no other one of the context', async () => {
  const exporter = new InMemorySpanExporter();
  const tracing = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(tracing);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  cleanUp(() => {
    trace.disable();
    context.disable();
  });
  const { TracedModule } = code.load<{ TracedModule: Type }>('traced.module.ts');
  const flags = (await code.start(TracedModule)).app.get(FlagService);
  const span = tracing.getTracer('readme').startSpan('caller');
  await context.with(trace.setSpan(context.active(), span), () =>
    flags.getStringValue('home-page', 'classic', { plan: 'pro', email: 'ann@example.com' }),
  );
  span.end();
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

it('health.module.ts: a health route is up, and the strict one is down while Flagship fails', async () => {
  const lines = captureLog();
  const { HealthModule } = code.load<{ HealthModule: Type }>('health.module.ts');
  const options = { retries: 0, circuitBreaker: { threshold: 1 } };
  const { http } = await code.startWith({ imports: [HealthModule] }, options);
  const { body } = await http.get('/health').expect(200);
  expect(body.details).toMatchObject({ flagship: { status: 'up', condition: 'ok', provider: 'READY' } });
  await http.get('/health/strict').expect(200);

  const failing = await servers.start({ status: 503 });
  const other = await code.startWith({ imports: [HealthModule] }, { ...options, baseUrl: failing.url });
  await other.app.get(FlagService).isEnabled('new-checkout');
  await other.http.get('/health').expect(200);
  const { body: strict } = await other.http.get('/health/strict').expect(503);
  expect(strict.error).toMatchObject({ flagship: { status: 'down', condition: 'unavailable' } });
  expect(lines.filter((line) => !line.startsWith('log '))).toEqual([
    expect.stringContaining('warn Flags may be out of date: The circuit to Flagship is open'),
    expect.stringContaining('error Health Check has failed!'),
  ]);
});

it('the health indicator reports a module with a domain by its flags, and asks for them', async () => {
  const { app } = await code.startWith({ providers: [FlagshipHealthIndicator] }, { domain: 'billing' });
  const indicator = app.get(FlagshipHealthIndicator);
  const flags = app.get<FlagService>(getFlagsToken('billing'));
  expect(await indicator.check('flagship', { flags })).toMatchObject({
    flagship: { status: 'up', condition: 'ok', provider: 'READY' },
  });
  expect(await indicator.check('flagship')).toEqual({
    flagship: { status: 'down', message: expect.stringContaining('give the option "flags"') },
  });
});

it('flag-stats.controller.ts: a route and a line of the log have the counts', async () => {
  const { FlagStatsController } = code.load<{ FlagStatsController: Type<{ summary(): string }> }>(
    'flag-stats.controller.ts',
  );
  const { app, http } = await code.startWith({ controllers: [FlagStatsController] });
  await app.get(FlagService).getStringValue('home-page', 'classic');
  await app.get(FlagService).getStringValue('nothing', 'classic');
  const { body } = await http.get('/flag-stats').expect(200);
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

it('the table of statistics lists every number', async () => {
  const leaves = (value: unknown, path: string): string[] =>
    typeof value === 'object' && value !== null && !(value instanceof Date)
      ? Object.entries(value).flatMap(([name, inner]) =>
          leaves(inner, path === '' ? name : `${path}.${name}`),
        )
      : [path];
  const provider = new FlagshipServerProvider({ endpoint: 'http://127.0.0.1:1/evaluate' });
  await provider.initialize();
  const local = new FlagshipServerProvider({
    endpoint: 'http://127.0.0.1:1/evaluate',
    accountId: 'shop',
    localEvaluation: true,
  });
  const stats = { ...provider.stats(), definitions: local.stats().definitions };
  await provider.onClose();
  const listed = tableOf(readme, 'Statistics').flatMap(([fields = '', meaning = '']) => {
    const names = [...fields.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => name);
    const inner = [...meaning.matchAll(/`(\w+)`/g)].map(([, name = '']) => `${names[0]}.${name}`);
    return /\.(outcomes|latency)$/.test(names[0] ?? '') ? inner : names;
  });
  expect(listed.sort()).toEqual(leaves(stats, '').sort());
});
