import { mkdtemp, rm } from 'node:fs/promises';
import { type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, type INestApplication, Query } from '@nestjs/common';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { TypedInMemoryProvider } from '@openfeature/server-sdk';
import { FlagService, FlagshipModule, type FlagshipModuleOptions, getFlagsToken } from 'nestjs-flagship';
import { FlagshipHealthIndicator, type FlagshipHealthOptions } from 'nestjs-flagship/terminus';
import request from 'supertest';
import { closedPort } from '../fixtures/closed-port';
import { type FaultyServer } from '../fixtures/faulty-server';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { waitUntil } from '../fixtures/wait-until';
import { useCleanup } from '../fixtures/use-cleanup';
import { useApp } from '../fixtures/use-app';
import { useServer } from '../fixtures/use-server';
import { captureLog } from '../fixtures/captured-log';

const TOKEN = 'terminus-secret-token';
const apps = useApp();
const servers = useServer();
const cleanUp = useCleanup();

beforeEach(() => {
  // The log lines about an outage are specified elsewhere.
  captureLog();
});
afterEach(() => {
  jest.restoreAllMocks();
});

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly flagship: FlagshipHealthIndicator,
  ) {}

  @Get()
  check(@Query('options') options = '{}') {
    return this.health.check([
      () => this.flagship.check('flagship', JSON.parse(options) as FlagshipHealthOptions),
    ]);
  }
}

async function start(options: FlagshipModuleOptions): Promise<INestApplication> {
  const { app } = await apps.start({
    imports: [FlagshipModule.forRoot(options), TerminusModule.forRoot({ logger: false })],
    controllers: [HealthController],
    providers: [FlagshipHealthIndicator],
  });
  return app;
}

/** What the health route answers: its status and what it says about the flags. */
async function health(app: INestApplication, options: FlagshipHealthOptions = {}) {
  const response = await request(app.getHttpServer() as string)
    .get('/health')
    .query({ options: JSON.stringify(options) });
  return { code: response.status, flagship: response.body.details.flagship, text: response.text };
}

const UP = (condition: string, provider: string) => ({
  code: 200,
  flagship: { status: 'up', condition, provider },
});
const DOWN = (condition: string, provider: string) => ({
  code: 503,
  flagship: { status: 'down', condition, provider },
});

describe('with definitions in the process', () => {
  let server: FaultyServer;
  let options: FlagshipModuleOptions;

  beforeEach(async () => {
    server = await servers.startFaulty({ 'home-page': 'modern' });
    options = {
      endpoint: server.endpoint,
      accountId: 'shop',
      authToken: TOKEN,
      localEvaluation: true,
      refreshInterval: 3_600_000,
      retries: 0,
    };
  });

  it('is up, reports the numbers, and sends Flagship no request', async () => {
    const app = await start(options);
    await app.get(FlagService).getStringValue('home-page', 'classic');
    await app.get(FlagService).getStringValue('unknown', 'classic');
    const before = server.requests;
    const { code, flagship } = await health(app, { downWhen: 'degraded', maxAge: 3_600_000 });
    expect(code).toBe(200);
    expect(flagship).toEqual({
      status: 'up',
      condition: 'ok',
      reasons: [],
      provider: 'READY',
      evaluations: 2,
      errors: 1,
      stale: 0,
      definitions: {
        confirmedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        version: expect.stringMatching(/^[0-9a-f]{40}$/),
      },
      upstream: {
        requests: 1,
        inFlight: 0,
        answered: 1,
        notFound: 0,
        refused: 0,
        throttled: 0,
        failed: 0,
        timedOut: 0,
        unreachable: 0,
        unreadable: 0,
      },
    });
    expect(server.requests).toBe(before);
  });

  it('is degraded while the definitions are stale, and down only with downWhen: "degraded"', async () => {
    const app = await start(options);
    server.fault = 'http-500';
    expect(await app.get(FlagService).refresh()).toBe(false);
    const degraded = await health(app);
    expect(degraded).toMatchObject(UP('degraded', 'STALE'));
    expect(degraded.flagship.reasons).toEqual(['The flag provider is STALE.']);
    expect(degraded.flagship.upstream).toMatchObject({ requests: 2, answered: 1, failed: 1 });
    expect(await health(app, { downWhen: 'never' })).toMatchObject(UP('degraded', 'STALE'));
    expect(await health(app, { downWhen: 'unavailable' })).toMatchObject(UP('degraded', 'STALE'));
    expect(await health(app, { downWhen: 'degraded' })).toMatchObject(DOWN('degraded', 'STALE'));

    server.fault = 'healthy';
    expect(await app.get(FlagService).refresh()).toBe(true);
    expect(await health(app, { downWhen: 'degraded' })).toMatchObject(UP('ok', 'READY'));
  });

  it('calls definitions unavailable that are older than maxAge, and "unchanged" renews them', async () => {
    const app = await start(options);
    const confirmedAt = async () => (await health(app)).flagship.definitions.confirmedAt as string;
    const first = await confirmedAt();
    await waitUntil(() => Date.now() > Date.parse(first) + 1, 'a later millisecond');
    const old = await health(app, { maxAge: 1, downWhen: 'unavailable' });
    expect(old).toMatchObject(DOWN('unavailable', 'READY'));
    expect(old.flagship.reasons).toEqual([
      `Flagship last confirmed the definitions at ${first} (maxAge 1 ms).`,
    ]);
    expect(await app.get(FlagService).refresh()).toBe(true);
    expect(Date.parse(await confirmedAt())).toBeGreaterThan(Date.parse(first));
  });

  it('calls definitions unavailable that Flagship has never confirmed, with maxAge', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'terminus-'));
    cleanUp(() => rm(folder, { recursive: true }));
    const kept = { ...options, definitionsCache: join(folder, 'flags.json') };
    await (await start(kept)).close();
    server.fault = 'http-500';
    const checked = await health(await start(kept), { maxAge: 1, downWhen: 'unavailable' });
    expect(checked).toMatchObject(DOWN('unavailable', 'STALE'));
    expect(checked.flagship.reasons).toContain(
      'Flagship has not confirmed the definitions since the start (maxAge 1 ms).',
    );
  });

  it('is degraded while it runs on definitions kept on disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'terminus-'));
    cleanUp(() => rm(folder, { recursive: true }));
    const kept = { ...options, definitionsCache: join(folder, 'flags.json') };
    await (await start(kept)).close();
    server.fault = 'http-500';
    const app = await start(kept);
    expect(await app.get(FlagService).getStringValue('home-page', 'classic')).toBe('modern');
    const degraded = await health(app, { downWhen: 'unavailable' });
    expect(degraded).toMatchObject(UP('degraded', 'STALE'));
    expect(degraded.flagship.definitions).toEqual({ version: expect.stringMatching(/^[0-9a-f]{40}$/) });
    expect(await health(app, { downWhen: 'unavailable', maxAge: 3_600_000 })).toMatchObject(
      DOWN('unavailable', 'STALE'),
    );
  });

  it('is unavailable without any definitions, and says when the token is refused', async () => {
    const away = await start({ ...options, endpoint: `http://127.0.0.1:${await closedPort()}/evaluate` });
    expect(await health(away)).toMatchObject(UP('unavailable', 'ERROR'));
    expect(await health(away, { downWhen: 'unavailable' })).toMatchObject(DOWN('unavailable', 'ERROR'));

    const refusing = await servers.start({ status: 401 });
    const refused = await start({ ...options, endpoint: `${refusing.url}/evaluate` });
    expect(await health(refused)).toMatchObject(UP('unavailable', 'FATAL'));
    expect(await health(refused, { downWhen: 'degraded' })).toMatchObject(DOWN('unavailable', 'FATAL'));
  });
});

describe('with an answer for each evaluation', () => {
  const answer = { body: { flagKey: 'new-checkout', value: true, variant: 'on', reason: 'STATIC' } };
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await servers.start(answer);
  });

  const remote = (): FlagshipModuleOptions => ({
    endpoint: `${server.url}/evaluate`,
    authToken: TOKEN,
    retries: 0,
    circuitBreaker: { threshold: 1, halfOpenAfter: 1 },
  });

  it('reports the circuit: open, half-open, closed again', async () => {
    const app = await start(remote());
    const flags = app.get(FlagService);
    expect(await health(app)).toMatchObject(UP('ok', 'READY'));

    server.script({ status: 503 });
    await flags.isEnabled('new-checkout');
    const open = await health(app);
    expect(open).toMatchObject(UP('unavailable', 'STALE'));
    const { state, since } = open.flagship.circuit as { state: string; since: string };
    expect([state, since]).toEqual(['open', flags.stats()!.circuit!.since.toISOString()]);
    expect(open.flagship.reasons).toContain(`The circuit to Flagship is open since ${since}.`);
    expect(await health(app, { downWhen: 'unavailable' })).toMatchObject(DOWN('unavailable', 'STALE'));
    expect(server.requests).toHaveLength(1);

    const held: ServerResponse[] = [];
    server.script((response) => void held.push(response));
    await waitUntil(async () => {
      void flags.isEnabled('new-checkout');
      return held.length > 0;
    }, 'a trial');
    expect((await health(app)).flagship.circuit).toEqual({ state: 'half-open', since });

    server.script(answer);
    held[0]!.end(JSON.stringify(answer.body));
    await waitUntil(async () => (await health(app)).flagship.condition === 'ok', 'the recovery');
    expect(await health(app, { downWhen: 'degraded' })).toMatchObject(UP('ok', 'READY'));
  });

  it('counts stale answers, and shows no context and no secret', async () => {
    const app = await start({ ...remote(), circuitBreaker: false, cacheTtl: 1, staleTtl: 60_000 });
    const flags = app.get(FlagService);
    const ask = () => flags.getBooleanDetails('new-checkout', false, { targetingKey: 'ann', plan: 'pro' });
    await ask();
    server.script({ status: 500, body: `no ${TOKEN}` });
    await waitUntil(async () => (await ask()).reason === 'STALE', 'a stale answer');
    const { flagship, text } = await health(app);
    expect(flagship.stale).toBeGreaterThan(0);
    expect(flagship).not.toHaveProperty('circuit');
    expect(flagship).not.toHaveProperty('definitions');
    for (const secret of [TOKEN, 'ann', 'pro"', 'new-checkout']) expect(text).not.toContain(secret);
  });
});

it('reports the state of any other provider', async () => {
  const app = await start({ provider: new TypedInMemoryProvider({}) });
  const { code, flagship } = await health(app, { downWhen: 'degraded', maxAge: 1 });
  expect([code, flagship]).toEqual([200, { status: 'up', condition: 'ok', reasons: [], provider: 'READY' }]);
  class Broken extends TypedInMemoryProvider {
    initialize = () => Promise.reject(new Error('no'));
  }
  const broken = await start({ provider: new Broken() });
  expect(await health(broken)).toMatchObject(UP('unavailable', 'ERROR'));
});

it('reports down without the option "flags" if every module has a domain', async () => {
  const app = await start({ definitions: {}, domain: 'shop' });
  expect(await health(app)).toMatchObject({
    code: 503,
    flagship: { status: 'down', message: expect.stringContaining('give the option "flags"') },
  });
  const flags = app.get<FlagService>(getFlagsToken('shop'));
  expect(await app.get(FlagshipHealthIndicator).check('shop', { flags })).toMatchObject({
    shop: { status: 'up' },
  });
});

it('reports on the given FlagService if there are several', async () => {
  const here = await start({ definitions: { a: true } });
  const other = await start({
    endpoint: `http://127.0.0.1:${await closedPort()}/evaluate`,
    retries: 0,
    circuitBreaker: { threshold: 1 },
    domain: 'other',
  });
  const flags = other.get<FlagService>(getFlagsToken('other'));
  await flags.isEnabled('a');
  const indicator = here.get(FlagshipHealthIndicator);
  expect(await indicator.check('mine', { downWhen: 'degraded' })).toMatchObject({ mine: { status: 'up' } });
  expect(await indicator.check('other', { downWhen: 'degraded', flags })).toMatchObject({
    other: { status: 'down', provider: 'STALE', upstream: { requests: 1, unreachable: 1 } },
  });
});

it.each([
  [{ downwhen: 'degraded' }, 'there is no option "downwhen"'],
  [{ downWhen: 'sometimes' }, '"downWhen" must be "never", "degraded", "unavailable"'],
  [{ maxAge: 0 }, '"maxAge" must be a number of milliseconds from 1'],
  [{ flags: {} }, '"flags" must be a FlagService'],
])('reports down with the reason for the options %j, instead of throwing', async (options, message) => {
  const app = await start({ definitions: {} });
  const { code, flagship } = await health(app, options as FlagshipHealthOptions);
  expect([code, flagship]).toEqual([503, { status: 'down', message: expect.stringContaining(message) }]);
});
