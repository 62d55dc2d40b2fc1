import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type ServerResponse } from 'node:http';
import { Controller, Get, Query } from '@nestjs/common';
import { MetricsHook, SpanEventHook } from '@openfeature/open-telemetry-hooks';
import { context, metrics, SpanKind, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { FlagService, FlagshipModule, type FlagshipModuleOptions, FlagValue } from 'nestjs-flagship';
import { adapters, type RunningApp, useApp } from '../../fixtures/use-app';
import { waitUntil } from '../../fixtures/wait-until';
import { useCleanup } from '../../fixtures/use-cleanup';
import { ask, useTracing, within } from '../../fixtures/use-tracing';

const { named, provide, remote, upstream } = useTracing();
const apps = useApp();
const cleanUp = useCleanup();

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
    it('OpenFeature’s hooks record each evaluation, and requests to Flagship are part of the trace', async () => {
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
  it('of the built-in client does not record the request a second time, with its URL', async () => {
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

  it('of the option fetch is part of the span', async () => {
    const traced: typeof fetch = (...given) =>
      within('my fetch', () => Promise.resolve(given)).then((args) => fetch(...args));
    await ask(await provide(remote({ fetch: traced })));
    const [mine] = named('my fetch');
    expect(mine!.parentSpanContext?.spanId).toBe(upstream()[0]!.spanContext().spanId);
  });
});
