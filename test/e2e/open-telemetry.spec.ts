import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type ServerResponse } from 'node:http';
import { Controller, Get, Query } from '@nestjs/common';
import { MetricsHook, SpanEventHook } from '@openfeature/open-telemetry-hooks';
import { context, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import {
  FlagService,
  FlagshipModule,
  type FlagshipModuleOptions,
  type FlagshipProviderOptions,
  FlagshipServerProvider,
  FlagValue,
} from 'nestjs-flagship';
import { closedPort } from '../fixtures/closed-port';
import { type PlainAnswer, type ScriptedServer } from '../fixtures/scripted-server';
import { adapters, type RunningApp, useApp } from '../fixtures/use-app';
import { waitUntil } from '../fixtures/wait-until';
import { useCleanup } from '../fixtures/use-cleanup';
import { useServer } from '../fixtures/use-server';
import { captureLog } from '../fixtures/captured-log';

const TOKEN = 'otel-secret-token';
const TEMPLATE = '/client/v4/accounts/{account_id}/flagship/apps/{app_id}';
const answer = { body: { flagKey: 'new-checkout', value: true, variant: 'on', reason: 'TARGETING_MATCH' } };
const definitions = {
  headers: { etag: '"1"' },
  body: {
    flags: {
      'new-checkout': {
        key: 'new-checkout',
        enabled: true,
        variations: { on: true },
        default_variation: 'on',
        rules: [],
      },
    },
  },
};

const spans = new InMemorySpanExporter();
const apps = useApp();
const servers = useServer();
const cleanUp = useCleanup();
let server: ScriptedServer;

function trackSpans(...others: SpanProcessor[]): void {
  trace.disable();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [...others, new SimpleSpanProcessor(spans)] }),
  );
}

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
beforeEach(async () => {
  trackSpans();
  spans.reset();
  server = await servers.start(answer);
});
afterAll(() => {
  trace.disable();
  context.disable();
});

const remote = (options: FlagshipProviderOptions = {}): FlagshipProviderOptions => ({
  baseUrl: server.url,
  accountId: 'acme',
  appId: 'shop',
  authToken: TOKEN,
  retryDelay: 0,
  ...options,
});

async function provide(options: FlagshipProviderOptions): Promise<FlagshipServerProvider> {
  const provider = new FlagshipServerProvider(options);
  cleanUp(() => provider.onClose());
  // Where Flagship is away this rejects, and the provider works all the same.
  await provider.initialize().catch(() => undefined);
  return provider;
}

const ask = (provider: FlagshipServerProvider, attributes = {}) =>
  provider.resolveBooleanEvaluation('new-checkout', false, { targetingKey: 'ann', ...attributes });

/** Runs code within a span of its own, as an instrumented HTTP server would. */
function within<T>(name: string, run: () => Promise<T>): Promise<T> {
  const span = trace.getTracer('test').startSpan(name, { kind: SpanKind.SERVER });
  return context.with(trace.setSpan(context.active(), span), () => run().finally(() => span.end()));
}

const named = (name: string): ReadableSpan[] => spans.getFinishedSpans().filter((span) => span.name === name);
const upstream = (): ReadableSpan[] =>
  spans.getFinishedSpans().filter(({ kind }) => kind === SpanKind.CLIENT);

/** All that an exporter would send of a span. */
const exported = ({ name, attributes, status, events, links, resource }: ReadableSpan): string =>
  JSON.stringify({ name, attributes, status, events, links, resource: resource.attributes });

describe('the span of a request to Flagship', () => {
  it('follows the conventions for HTTP clients and tells nothing of context, account and token', async () => {
    const provider = await provide(remote());
    expect(await ask(provider, { plan: 'pro', email: 'ann@example.com' })).toMatchObject({ value: true });
    const [span, ...others] = spans.getFinishedSpans();
    expect(others).toEqual([]);
    expect(span).toMatchObject({
      name: 'flagship evaluate',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      instrumentationScope: { name: 'nestjs-flagship' },
    });
    expect(span!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'url.template': `${TEMPLATE}/evaluate`,
      'feature_flag.key': 'new-checkout',
    });
    expect(server.requests[0]!.url).toContain('email=ann');
    for (const secret of ['ann', 'pro', 'acme', TOKEN]) expect(exported(span!)).not.toContain(secret);
    expect(server.requests[0]!.headers).not.toHaveProperty('traceparent');
  });

  it('names nothing of a path of your own, and the standard port', async () => {
    const provider = await provide({
      endpoint: 'https://flags.test/secret-path/evaluate',
      fetch: () => Promise.resolve(Response.json(answer.body)),
    });
    await ask(provider);
    const [span] = upstream();
    expect(span!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': 'flags.test',
      'server.port': 443,
      'feature_flag.key': 'new-checkout',
    });
  });

  it('is one for each attempt', async () => {
    server.script({ status: 503 }, { status: 429 }, answer);
    await ask(await provide(remote({ retries: 2 })));
    expect(
      upstream().map(({ attributes, status }) => [
        attributes['http.response.status_code'],
        attributes['http.request.resend_count'],
        attributes['error.type'],
        status.code,
      ]),
    ).toEqual([
      [503, undefined, '503', SpanStatusCode.ERROR],
      [429, 1, '429', SpanStatusCode.ERROR],
      [200, 2, undefined, SpanStatusCode.UNSET],
    ]);
  });

  const refuses = async () => ({ baseUrl: `http://127.0.0.1:${await closedPort()}` });
  it.each<[string, PlainAnswer | (() => Promise<FlagshipProviderOptions>), number | undefined, string]>([
    ['no such flag', { status: 404 }, 404, '404'],
    ['a refused token', { status: 401 }, 401, '401'],
    ['a redirect', { status: 302, headers: { location: '/' } }, 302, '302'],
    ['a web page', { body: '<html>' }, 200, 'PARSE_ERROR'],
    ['nobody there', refuses, undefined, 'NETWORK_ERROR'],
    [
      'no answer in time',
      async () => (server.script(() => undefined), { timeout: 20 }),
      undefined,
      'TIMEOUT_ERROR',
    ],
    [
      'a fetch that fails and quotes the URL',
      async () => ({ fetch: (url: unknown) => Promise.reject(new Error(`no ${String(url)}`)) }),
      undefined,
      'NETWORK_ERROR',
    ],
  ])('has failed with %s, and does not quote it', async (_, fault, status, type) => {
    if (typeof fault !== 'function') server.script(fault);
    const options = typeof fault === 'function' ? await fault() : {};
    const provider = await provide(remote({ retries: 0, ...options }));
    expect(await ask(provider)).toMatchObject({ value: false, reason: 'ERROR' });
    const [span, ...others] = upstream();
    expect(others).toEqual([]);
    expect(span!.attributes).toMatchObject({ 'error.type': type });
    expect(span!.attributes['http.response.status_code']).toBe(status);
    expect(span!.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(exported(span!)).not.toContain('ann');
  });

  it.each(['query', 'body'] as const)(
    'carries listed attributes of the context (%s)',
    async (contextTransport) => {
      const spanAttributes = ['plan', 'since', 'seats', 'toString', 'groups', 'absent'];
      const provider = await provide(remote({ contextTransport, spanAttributes }));
      const groups = contextTransport === 'body' ? ['a'] : undefined;
      await ask(provider, { plan: 'pro', since: new Date(0), seats: 3, groups, email: 'ann@example.com' });
      const told = Object.entries(upstream()[0]!.attributes).filter(([name]) =>
        name.startsWith('feature_flag'),
      );
      expect(Object.fromEntries(told)).toEqual({
        'feature_flag.key': 'new-checkout',
        'feature_flag.context.plan': 'pro',
        'feature_flag.context.since': '1970-01-01T00:00:00.000Z',
        'feature_flag.context.seats': 3,
      });
      expect(upstream()[0]!.attributes['http.request.method']).toBe(
        contextTransport === 'body' ? 'POST' : 'GET',
      );
    },
  );

  it('is not there without a request', async () => {
    const provider = await provide(
      remote({ cacheTtl: 60_000, retries: 0, circuitBreaker: { threshold: 1, halfOpenAfter: 60_000 } }),
    );
    await ask(provider);
    await ask(provider);
    expect(upstream()).toHaveLength(1);
    server.script({ status: 500 });
    const lines = captureLog();
    cleanUp(() => jest.restoreAllMocks());
    await ask(provider, { plan: 'pro' });
    await ask(provider, { plan: 'team' });
    expect(provider.stats().circuit).toMatchObject({ state: 'open' });
    expect(lines).toEqual([expect.stringMatching(/^warn .*circuit to Flagship is open/)]);
    expect(upstream()).toHaveLength(2);
  });

  it('belongs to the one that asked; who waits for the same answer has none', async () => {
    const held: ServerResponse[] = [];
    server.script((response) => void held.push(response));
    const provider = await provide(remote());
    const first = within('first', () => ask(provider));
    const second = within('second', () => ask(provider));
    await server.received(1);
    held[0]!.end(JSON.stringify(answer.body));
    expect(await Promise.all([first, second])).toMatchObject([{ value: true }, { value: true }]);
    const [span, ...others] = upstream();
    expect(others).toEqual([]);
    expect(span!.parentSpanContext?.spanId).toBe(named('first')[0]!.spanContext().spanId);
  });

  it('ends when the provider is closed', async () => {
    server.script(() => undefined);
    const provider = await provide(remote());
    const asked = ask(provider);
    await server.received(1);
    await provider.onClose();
    await asked;
    expect(upstream()[0]!.attributes['error.type']).toBe('NETWORK_ERROR');
  });
});

describe('definitions', () => {
  const local = (): FlagshipProviderOptions =>
    remote({ localEvaluation: true, retries: 0, refreshInterval: 3_600_000 });

  it('are downloaded in spans that name no flag; "unchanged" is no failure', async () => {
    server.script(definitions, { status: 304 });
    const provider = await provide(local());
    expect(await provider.refresh()).toBe(true);
    await ask(provider);
    expect(upstream().map(({ name }) => name)).toEqual(['flagship definitions', 'flagship definitions']);
    const [first, second] = upstream();
    expect(first!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'url.template': `${TEMPLATE}/definitions`,
    });
    expect(second!.attributes['http.response.status_code']).toBe(304);
    expect(second!.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('join the trace of a refresh that is asked for, and the later ones of the timer do not', async () => {
    server.script(definitions);
    const provider = await provide({ ...local(), refreshInterval: 20 });
    await within('asks', () => provider.refresh());
    const [asks] = named('asks');
    const joined = () => upstream().filter(({ parentSpanContext }) => parentSpanContext !== undefined);
    expect(joined().map((span) => span.parentSpanContext!.spanId)).toEqual([asks!.spanContext().spanId]);
    const before = upstream().length;
    await waitUntil(() => upstream().length > before + 1, 'two refreshes of the timer');
    expect(joined()).toHaveLength(1);
  });
});

describe('in a request', () => {
  @Controller()
  class CheckoutController {
    constructor(private readonly flags: FlagService) {}

    @Get('checkout')
    async checkout(@FlagValue('new-checkout', false) parameter: boolean, @Query('user') user = 'ann') {
      return { parameter, service: await this.flags.isEnabled('new-checkout', false), user };
    }
  }

  async function start(
    adapter: (typeof adapters)[number][1],
    options: FlagshipModuleOptions,
  ): Promise<RunningApp> {
    // As the instrumentation of an HTTP server does.
    const traced = (_: unknown, response: ServerResponse, next: () => void): void => {
      const span = trace.getTracer('test').startSpan('GET /checkout', { kind: SpanKind.SERVER });
      response.once('finish', () => span.end());
      context.with(trace.setSpan(context.active(), span), next);
    };
    return apps.start({
      imports: [FlagshipModule.forRoot(options)],
      controllers: [CheckoutController],
      adapter: adapter(),
      configure: (app) => app.use(traced),
    });
  }

  describe.each(adapters)('on %s', (_, adapter) => {
    it('OpenFeature’s hooks tell of each evaluation, and requests to Flagship are part of the trace', async () => {
      const memory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
      const reader = new PeriodicExportingMetricReader({ exporter: memory, exportIntervalMillis: 3_600_000 });
      metrics.disable();
      metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
      cleanUp(() => reader.shutdown());
      const { http } = await start(adapter, {
        ...remote(),
        hooks: [new SpanEventHook(), new MetricsHook()],
        requestContext: { userId: 'x-user' },
      });
      await http
        .get('/checkout')
        .set('x-user', 'ann')
        .expect(200, { parameter: true, service: true, user: 'ann' });

      await waitUntil(() => named('GET /checkout').length === 1, 'the span of the request');
      const [span] = named('GET /checkout');
      expect(span!.events).toMatchObject([
        {
          name: 'feature_flag.evaluation',
          attributes: {
            'feature_flag.key': 'new-checkout',
            'feature_flag.provider.name': 'Flagship Server Provider',
            'feature_flag.result.variant': 'on',
            'feature_flag.result.reason': 'targeting_match',
          },
        },
      ]);
      expect(upstream().map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([
        span!.spanContext().spanId,
      ]);
      expect(upstream()[0]!.spanContext().traceId).toBe(span!.spanContext().traceId);

      await reader.forceFlush();
      const counted = memory
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap((scope) => scope.metrics)
        .map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints.map(({ value }) => value)]);
      expect(Object.fromEntries(counted)).toMatchObject({
        'feature_flag.evaluation_requests_total': [1],
        'feature_flag.evaluation_success_total': [1],
        'feature_flag.evaluation_active_count': [0],
      });
    });
  });
});

describe('other instrumentation', () => {
  it('of the built-in client does not tell of the request again, with its URL', async () => {
    const instrument = (): void =>
      trace.getTracer('undici').startSpan('GET', { kind: SpanKind.CLIENT }).end();
    const heard: string[] = [];
    const listen = (): void => {
      heard.push('request');
      instrument();
    };
    subscribe('undici:request:create', listen);
    cleanUp(async () => unsubscribe('undici:request:create', listen));
    await within('request', () => provide(remote()).then((provider) => ask(provider)));
    expect(heard).toEqual(['request']);
    expect(upstream().map(({ name }) => name)).toEqual(['flagship evaluate']);
  });

  it('of a fetch of yours is part of the span', async () => {
    const traced: typeof fetch = (...given) =>
      within('my fetch', () => Promise.resolve(given)).then((args) => fetch(...args));
    await ask(await provide(remote({ fetch: traced })));
    const [mine] = named('my fetch');
    expect(mine!.parentSpanContext?.spanId).toBe(upstream()[0]!.spanContext().spanId);
  });
});

describe('an OpenTelemetry', () => {
  const failing = (): never => {
    throw new Error('no');
  };

  it.each<[string, Partial<SpanProcessor>]>([
    ['start', { onStart: failing }],
    ['end', { onEnd: failing }],
  ])('that fails at a span’s %s costs no answer', async (_, processor) => {
    const idle = async (): Promise<void> => undefined;
    trackSpans({
      onStart: () => undefined,
      onEnd: () => undefined,
      forceFlush: idle,
      shutdown: idle,
      ...processor,
    });
    expect(await ask(await provide(remote()))).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
    expect(server.requests).toHaveLength(1);
  });

  it('that comes later, goes, or is replaced is followed', async () => {
    trace.disable();
    const provider = await provide(remote());
    expect(await ask(provider)).toMatchObject({ value: true });
    expect(upstream()).toHaveLength(0);
    trackSpans();
    await ask(provider);
    expect(upstream()).toHaveLength(1);
    trackSpans();
    await ask(provider);
    expect(upstream()).toHaveLength(2);
    trace.disable();
    await ask(provider);
    expect(upstream()).toHaveLength(2);
  });

  it('that is not installed is not missed', async () => {
    let bare: typeof FlagshipServerProvider | undefined;
    jest.isolateModules(() => {
      jest.doMock('@opentelemetry/api', () => {
        throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
      });
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- the package as it loads without it
      bare = (require('nestjs-flagship') as { FlagshipServerProvider: typeof FlagshipServerProvider })
        .FlagshipServerProvider;
    });
    const provider = new bare!(remote());
    cleanUp(() => provider.onClose());
    expect(await ask(provider)).toMatchObject({ value: true });
    const local = new bare!(remote({ localEvaluation: true, refreshInterval: 20 }));
    cleanUp(() => local.onClose());
    server.script(definitions);
    await local.initialize();
    await server.received(2);
    jest.dontMock('@opentelemetry/api');
    expect(await ask(local)).toMatchObject({ value: true });
    expect(upstream()).toEqual([]);
  });
});
