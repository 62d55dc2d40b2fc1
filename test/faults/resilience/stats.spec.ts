import { Controller, Get } from '@nestjs/common';
import { TypedInMemoryProvider, OpenFeature } from '@openfeature/server-sdk';
import { createCache } from 'cache-manager';
import { FlagService, type FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil } from '../../../tools/waiting.cjs';
import { fixedFlags, serves } from '../../fixtures/definitions';
import { answer, askFlag, askNew, holdAnswers, openProviders, times } from '../../fixtures/open-providers';
import { type ScriptedAnswer, type ScriptedServer } from '../../fixtures/scripted-server';
import { shop } from '../../fixtures/shop-app';
import { useServer } from '../../fixtures/use-server';
import { useLog } from '../../fixtures/captured-log';
import { useApp } from '../../fixtures/use-app';

const LONG = 60_000;

const servers = useServer();
let server: ScriptedServer;
const open = openProviders(() => server);
useLog(/^log |^warn Flags may be out of date: (The circuit|Flagship answered HTTP 500)/);

beforeAll(async () => (server = await servers.start()));

const nothing = {
  answered: 0,
  notFound: 0,
  refused: 0,
  throttled: 0,
  failed: 0,
  timedOut: 0,
  unreachable: 0,
  unreadable: 0,
};

describe('stats() of remote evaluation', () => {
  it('is zero before the first evaluation', () => {
    expect(open().stats()).toEqual({
      evaluations: 0,
      errors: 0,
      hits: { request: 0, memory: 0, store: 0 },
      stale: 0,
      shared: 0,
      cached: 0,
      upstream: {
        requests: 0,
        inFlight: 0,
        outcomes: nothing,
        latency: { mean: 0, min: 0, p50: 0, p90: 0, p99: 0, max: 0 },
      },
      circuit: undefined,
    });
  });

  const outcomes: readonly (readonly [keyof typeof nothing, ScriptedAnswer, number])[] = [
    ['answered', answer(true), 0],
    ['answered', answer(true, 'DISABLED'), 0],
    ['answered', answer('text'), 1],
    ['notFound', { status: 404 }, 1],
    ['refused', { status: 400 }, 1],
    ['refused', { status: 401 }, 1],
    ['refused', { status: 403 }, 1],
    ['refused', { status: 302 }, 1],
    ['throttled', { status: 429 }, 1],
    ['failed', { status: 500 }, 1],
    ['failed', { status: 408 }, 1],
    ['failed', { status: 425 }, 1],
    ['timedOut', () => undefined, 1],
    ['unreachable', (response) => void response.destroy(), 1],
    ['unreadable', { body: '<html>' }, 1],
    ['unreadable', { body: { value: true } }, 1],
    ['unreadable', { body: ' '.repeat(2 ** 20 + 1) }, 1],
  ];
  it.each(outcomes)('counts "%s"', async (outcome, script, errors) => {
    for (const fetch of [undefined, globalThis.fetch]) {
      server.script(script);
      const provider = open({ timeout: outcome === 'timedOut' ? 300 : LONG, fetch });
      await askNew(provider);
      expect(provider.stats()).toMatchObject({
        evaluations: 1,
        errors,
        upstream: { requests: 1, inFlight: 0, outcomes: { ...nothing, [outcome]: 1 } },
      });
      expect(provider.stats().upstream?.latency.min).toBeGreaterThan(0);
    }
  });

  it('counts each retry, and requests in flight', async () => {
    const { hold, give } = holdAnswers();
    server.script({ status: 500 }, hold);
    const provider = open({ retries: 1, retryDelay: 0 });
    const details = askNew(provider);
    await server.received(2);
    expect(provider.stats().upstream).toMatchObject({ requests: 2, inFlight: 1, outcomes: { failed: 1 } });
    give(answer(true));
    await details;
    expect(provider.stats()).toMatchObject({
      evaluations: 1,
      errors: 0,
      upstream: { requests: 2, inFlight: 0, outcomes: { ...nothing, failed: 1, answered: 1 } },
    });
  });

  it('sums up how long requests took, in milliseconds', async () => {
    let pause = 0;
    server.script((response) => {
      setTimeout(() => response.end(JSON.stringify(answer(true).body)), pause);
    });
    const provider = open();
    for (let index = 0; index < 9; index++) await askNew(provider);
    pause = 200;
    await askNew(provider);
    const {
      mean = 0,
      min = 0,
      p50 = 0,
      p90 = 0,
      p99 = 0,
      max = 0,
    } = provider.stats().upstream?.latency ?? {};
    // Timers may be a millisecond early.
    expect(max).toBeGreaterThanOrEqual(199);
    expect(max).toBeLessThan(20_000);
    expect([min, p50, p90, p99, max]).toEqual(
      [min, p50, p90, p99, max].toSorted((one, other) => one - other),
    );
    expect(mean).toBeGreaterThan(min);
    expect(mean).toBeLessThan(max);
    expect(min).toBeGreaterThan(0);
  });

  it('counts hits in memory and in the store, and the answers in memory', async () => {
    server.script(answer(true));
    const cacheStore = createCache();
    const [first, second] = [open({ cacheTtl: LONG, cacheStore }), open({ cacheTtl: LONG, cacheStore })];
    for (let round = 0; round < 3; round++) await askFlag(first);
    await askNew(first);
    expect(first.stats()).toMatchObject({ evaluations: 4, hits: { memory: 2, store: 0 }, cached: 2 });
    for (let round = 0; round < 3; round++) await askFlag(second);
    expect(second.stats()).toMatchObject({
      evaluations: 3,
      hits: { request: 0, memory: 2, store: 1 },
      cached: 1,
      shared: 0,
      upstream: { requests: 0 },
    });
    await second.onClose();
    expect(second.stats()).toMatchObject({ evaluations: 3, hits: { memory: 2, store: 1 }, cached: 0 });
  });

  it('counts evaluations that shared a request', async () => {
    server.script(answer(true));
    const provider = open();
    await Promise.all(times(10, () => askFlag(provider)));
    expect(provider.stats()).toMatchObject({ evaluations: 10, shared: 9, upstream: { requests: 1 } });
  });

  it('counts stale answers, which are no errors', async () => {
    server.script(answer(true), { status: 500 });
    const provider = open({ cacheTtl: 1, staleTtl: LONG });
    await askFlag(provider);
    await waitUntil(async () => (await askFlag(provider)).reason === 'STALE', 'it has expired');
    expect(provider.stats()).toMatchObject({ stale: 1, errors: 0, cached: 1 });
  });

  it('counts errors, those of a closed provider included', async () => {
    const provider = open();
    await provider.resolveBooleanEvaluation('flag', false, { limit: NaN });
    await provider.onClose();
    await askFlag(provider);
    expect(provider.stats()).toMatchObject({ evaluations: 2, errors: 2, upstream: { requests: 0 } });
  });

  it('tells the state of the circuit and since when', async () => {
    server.script({ status: 500 });
    const before = Date.now();
    const provider = open({ circuitBreaker: { threshold: 1, halfOpenAfter: LONG } });
    await provider.initialize();
    const { circuit } = provider.stats();
    expect(circuit?.state).toBe('closed');
    expect(circuit?.since.getTime()).toBeGreaterThanOrEqual(before);
    await askNew(provider);
    expect(provider.stats().circuit?.state).toBe('open');
    expect(provider.stats().circuit?.since.getTime()).toBeGreaterThanOrEqual(
      circuit?.since.getTime() ?? Infinity,
    );
  });

  it('does not change after it is returned', async () => {
    server.script(answer(true));
    const provider = open();
    const before = provider.stats();
    await askNew(provider);
    expect(before).toMatchObject({ evaluations: 0, upstream: { requests: 0, outcomes: nothing } });
  });
});

describe('stats() of', () => {
  it('local evaluation counts evaluations, errors and downloads', async () => {
    server.script(serves(fixedFlags({ flag: true }), '"1"'));
    const provider: FlagshipServerProvider = open({
      localEvaluation: true,
      accountId: 'a',
      refreshInterval: LONG,
    });
    await provider.initialize();
    for (let round = 0; round < 3; round++) await askFlag(provider);
    await provider.resolveBooleanEvaluation('missing', false, {});
    await provider.refresh();
    server.script({ status: 500 });
    await provider.refresh();
    expect(provider.stats()).toMatchObject({
      evaluations: 4,
      errors: 1,
      hits: { request: 0, memory: 0, store: 0 },
      stale: 0,
      shared: 0,
      cached: 0,
      upstream: { requests: 3, inFlight: 0, outcomes: { ...nothing, answered: 2, failed: 1 } },
      circuit: undefined,
    });
  });

  it('static definitions has no requests', async () => {
    const fixed = open({ endpoint: undefined, retries: undefined, definitions: { flag: true } });
    await askFlag(fixed);
    expect(fixed.stats()).toMatchObject({ evaluations: 1, errors: 0 });
    expect(fixed.stats().upstream).toBeUndefined();
    expect(fixed.stats().circuit).toBeUndefined();
  });
});

@Controller()
class ReadingController {
  constructor(private readonly flags: FlagService) {}

  @Get()
  async read(): Promise<boolean[]> {
    return Promise.all(times(5, () => this.flags.isEnabled('flag')));
  }
}

describe('FlagService.stats()', () => {
  const apps = useApp();
  afterEach(() => OpenFeature.clearProviders());

  it('adds what was answered within a request', async () => {
    server.script(answer(true));
    const { app, http } = await apps.start(
      shop({ endpoint: `${server.url}/evaluate`, cacheTtl: LONG }, [ReadingController]),
    );
    for (let round = 0; round < 2; round++) await http.get('/').expect(200);
    const flags = app.get(FlagService);
    expect(flags.stats()).toMatchObject({
      evaluations: 10,
      errors: 0,
      hits: { request: 8, memory: 1, store: 0 },
      upstream: { requests: 1 },
    });
    await flags.withContext({ targetingKey: 'job' }, async () => {
      await flags.isEnabled('flag');
      await flags.isEnabled('flag');
    });
    expect(flags.stats()).toMatchObject({ evaluations: 12, hits: { request: 9 }, upstream: { requests: 2 } });
  });

  it('is undefined for another provider', async () => {
    const { app, http } = await apps.start(
      shop({ provider: new TypedInMemoryProvider({}) }, [ReadingController]),
    );
    await http.get('/').expect(200);
    expect(app.get(FlagService).stats()).toBeUndefined();
  });
});
