import { type ServerResponse } from 'node:http';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { type FlagshipProviderOptions } from 'nestjs-flagship';
import { closedPort } from '../../fixtures/closed-port';
import { type PlainAnswer } from '../../fixtures/scripted-server';
import { useCleanup } from '../../fixtures/use-cleanup';
import { captureLog } from '../../fixtures/captured-log';
import { answer, ask, exported, TEMPLATE, TOKEN, useTracing, within } from '../../fixtures/use-tracing';

const tracing = useTracing();
const { named, provide, remote, upstream } = tracing;
const cleanUp = useCleanup();

describe('the span of a request to Flagship', () => {
  it('follows the conventions for HTTP clients, and holds nothing of context, account and token', async () => {
    const provider = await provide(remote());
    expect(await ask(provider, { plan: 'pro', email: 'ann@example.com' })).toMatchObject({ value: true });
    const [span, ...others] = tracing.spans.getFinishedSpans();
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
      'server.port': tracing.server.port,
      'url.template': `${TEMPLATE}/evaluate`,
      'feature_flag.key': 'new-checkout',
      'feature_flag.set.id': 'shop',
    });
    expect(tracing.server.requests[0]!.url).toContain('email=ann');
    for (const secret of ['ann', 'pro', 'acme', TOKEN]) expect(exported(span!)).not.toContain(secret);
    expect(tracing.server.requests[0]!.headers).not.toHaveProperty('traceparent');
  });

  it('names the standard port, and nothing of a custom path', async () => {
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
    tracing.server.script({ status: 503 }, { status: 429 }, answer);
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
      async () => (tracing.server.script(() => undefined), { timeout: 20 }),
      undefined,
      'TIMEOUT_ERROR',
    ],
    [
      'a fetch that fails and quotes the URL',
      async () => ({ fetch: (url: unknown) => Promise.reject(new Error(`no ${String(url)}`)) }),
      undefined,
      'NETWORK_ERROR',
    ],
  ])('has the error type of %s, and does not quote it', async (_, fault, status, type) => {
    if (typeof fault !== 'function') tracing.server.script(fault);
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
        'feature_flag.set.id': 'shop',
        'feature_flag.context.plan': 'pro',
        'feature_flag.context.since': '1970-01-01T00:00:00.000Z',
        'feature_flag.context.seats': 3,
      });
      expect(upstream()[0]!.attributes['http.request.method']).toBe(
        contextTransport === 'body' ? 'POST' : 'GET',
      );
    },
  );

  it('does not exist without a request', async () => {
    const provider = await provide(
      remote({ cacheTtl: 60_000, retries: 0, circuitBreaker: { threshold: 1, halfOpenAfter: 60_000 } }),
    );
    await ask(provider);
    await ask(provider);
    expect(upstream()).toHaveLength(1);
    tracing.server.script({ status: 500 });
    const lines = captureLog();
    cleanUp(() => jest.restoreAllMocks());
    await ask(provider, { plan: 'pro' });
    await ask(provider, { plan: 'team' });
    expect(provider.stats().circuit).toMatchObject({ state: 'open' });
    expect(lines).toEqual([expect.stringMatching(/^warn .*circuit to Flagship is open/)]);
    expect(upstream()).toHaveLength(2);
  });

  it('belongs to the evaluation that sent the request; one that waits for the same answer has none', async () => {
    const held: ServerResponse[] = [];
    tracing.server.script((response) => void held.push(response));
    const provider = await provide(remote());
    const first = within('first', () => ask(provider));
    const second = within('second', () => ask(provider));
    await tracing.server.received(1);
    held[0]!.end(JSON.stringify(answer.body));
    expect(await Promise.all([first, second])).toMatchObject([{ value: true }, { value: true }]);
    const [span, ...others] = upstream();
    expect(others).toEqual([]);
    expect(span!.parentSpanContext?.spanId).toBe(named('first')[0]!.spanContext().spanId);
  });

  it('ends when the provider is closed', async () => {
    tracing.server.script(() => undefined);
    const provider = await provide(remote());
    const asked = ask(provider);
    await tracing.server.received(1);
    await provider.onClose();
    await asked;
    expect(upstream()[0]!.attributes['error.type']).toBe('NETWORK_ERROR');
  });
});
