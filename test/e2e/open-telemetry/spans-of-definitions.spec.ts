import { SpanStatusCode } from '@opentelemetry/api';
import { type FlagshipProviderOptions } from 'nestjs-flagship';
import { waitUntil } from '../../fixtures/wait-until';
import { ask, definitions, TEMPLATE, useTracing, within } from '../../fixtures/use-tracing';

const tracing = useTracing();
const { named, provide, remote, upstream } = tracing;

describe('definitions', () => {
  const local = (): FlagshipProviderOptions =>
    remote({ localEvaluation: true, retries: 0, refreshInterval: 3_600_000 });

  it('are downloaded in spans that name no flag; 304 is no failure', async () => {
    tracing.server.script(definitions, { status: 304 });
    const provider = await provide(local());
    expect(await provider.refresh()).toBe(true);
    await ask(provider);
    expect(upstream().map(({ name }) => name)).toEqual(['flagship definitions', 'flagship definitions']);
    const [first, second] = upstream();
    expect(first!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': tracing.server.port,
      'url.template': `${TEMPLATE}/definitions`,
    });
    expect(second!.attributes['http.response.status_code']).toBe(304);
    expect(second!.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('join the trace of refresh(), while refreshes of the timer join none', async () => {
    tracing.server.script(definitions);
    const provider = await provide({ ...local(), refreshInterval: 20 });
    const joined = () => upstream().filter(({ parentSpanContext }) => parentSpanContext !== undefined);
    // A refresh that joins one of the timer has no request of its own.
    await waitUntil(async () => {
      await within('asks', () => provider.refresh());
      return joined().length > 0;
    }, 'a refresh of its own');
    const asks = named('asks').at(-1)!;
    expect(joined().map((span) => span.parentSpanContext!.spanId)).toEqual([asks.spanContext().spanId]);
    const before = upstream().length;
    await waitUntil(() => upstream().length > before + 1, 'two refreshes of the timer');
    expect(joined()).toHaveLength(1);
  });
});
