import { type ServerResponse } from 'node:http';
import { OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/server-sdk';
import { type FlagshipProviderOptions, type FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil, within } from '../../../tools/waiting.cjs';
import { useLog } from '../../fixtures/captured-log';
import { useFakeTime } from '../../fixtures/fake-time';
import {
  answer,
  askNew,
  type HeldAnswers,
  holdAnswers,
  openProviders,
  times,
} from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';
import { useProcessWatch } from '../../fixtures/use-process-watch';

const LONG = 60_000;
const SOON = 50;
const patient: Partial<FlagshipProviderOptions> = { timeout: LONG };
const refusal = /circuit to Flagship is open since (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)/;

const servers = useServer();
let server: ScriptedServer;
let answers: HeldAnswers;
const lines = useLog();
const stopTime = useFakeTime();
const open = openProviders(() => server);
useProcessWatch();

beforeAll(async () => (server = await servers.start()));
beforeEach(() => {
  answers = holdAnswers();
});
afterEach(async () => {
  await OpenFeature.clearProviders();
});

const stateOf = (provider: FlagshipServerProvider) => provider.stats().circuit?.state;
const sinceOf = (provider: FlagshipServerProvider) => provider.stats().circuit?.since.toISOString();

/** A provider whose circuit has just opened. */
async function openBroken(options: Partial<FlagshipProviderOptions> = {}, halfOpenAfter = LONG) {
  server.script({ status: 500 });
  const provider = open({ circuitBreaker: { threshold: 1, halfOpenAfter }, ...options });
  await askNew(provider);
  expect(provider.stats().circuit?.state).toBe('open');
  return provider;
}

/** Resolves when the next evaluation will be the trial. */
async function trialIsDue(provider: FlagshipServerProvider): Promise<void> {
  const { circuit } = provider.stats();
  const due = (circuit?.since.getTime() ?? 0) + SOON;
  await waitUntil(() => Date.now() > due, 'the trial is due');
}

describe('the circuit breaker', () => {
  it('opens after "threshold" failed evaluations in a row, and does not count retries', async () => {
    server.script({ status: 500 });
    const provider = open({
      circuitBreaker: { threshold: 3, halfOpenAfter: LONG },
      retries: 1,
      retryDelay: 0,
    });
    const before = Date.now();
    for (let index = 0; index < 3; index++) expect((await askNew(provider)).errorMessage).toMatch(/HTTP 500/);
    const after = Date.now();
    expect(server.requests).toHaveLength(6);

    for (const details of await Promise.all(times(100, () => askNew(provider)))) {
      expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
      const [, since = ''] = refusal.exec(details.errorMessage ?? '') ?? [];
      expect(since).toBe(sinceOf(provider));
      expect(Date.parse(since)).toBeGreaterThanOrEqual(before);
      expect(Date.parse(since)).toBeLessThanOrEqual(after);
      expect(details.errorMessage).toMatch(/after 3 failed.*HTTP 500.*"circuitBreaker"/);
    }
    expect(server.requests).toHaveLength(6);
  });

  it('opens after five failed evaluations by default', async () => {
    server.script({ status: 500 });
    const provider = open();
    for (let index = 0; index < 4; index++) await askNew(provider);
    expect(stateOf(provider)).toBe('closed');
    await askNew(provider);
    expect(stateOf(provider)).toBe('open');
  });

  it.each([
    ['time limits', () => undefined],
    ['cut connections', (response: ServerResponse) => void response.destroy()],
    ['overload', { status: 429 }],
    ['pages', { body: '<html>' }],
  ])('opens for %s as well', async (_, fault) => {
    server.script(fault);
    const provider = open({ circuitBreaker: { threshold: 2 }, timeout: 100 });
    for (let index = 0; index < 2; index++) await askNew(provider);
    expect(stateOf(provider)).toBe('open');
  });

  it.each([400, 401, 403, 404])(
    'counts HTTP %i as an answer, which resets the count of failures',
    async (status) => {
      const failure = { status: 500 };
      server.script(
        failure,
        failure,
        { status },
        failure,
        failure,
        { status },
        { status },
        { status },
        failure,
      );
      const provider = open({ circuitBreaker: { threshold: 3 } });
      for (let index = 0; index < 10; index++) await askNew(provider);
      expect(stateOf(provider)).toBe('closed');
      await askNew(provider);
      expect(stateOf(provider)).toBe('open');
      expect(server.requests).toHaveLength(11);
    },
  );

  it('does not count a context that cannot be sent, because no request is made', async () => {
    server.script({ status: 500 });
    const provider = open({ circuitBreaker: { threshold: 2 } });
    await askNew(provider);
    for (let index = 0; index < 5; index++)
      await provider.resolveBooleanEvaluation('flag', false, { limit: NaN });
    expect(stateOf(provider)).toBe('closed');
    await askNew(provider);
    expect(stateOf(provider)).toBe('open');
  });

  it('does not exist when the option is false', async () => {
    server.script({ status: 500 });
    const provider = open({ circuitBreaker: false });
    for (let index = 0; index < 20; index++) await askNew(provider);
    expect(server.requests).toHaveLength(20);
    expect(provider.stats().circuit).toBeUndefined();
  });

  it('ends an evaluation that waits for its next attempt', async () => {
    const asksToWait = (seconds: number) => ({ status: 429, headers: { 'retry-after': String(seconds) } });
    server.script(asksToWait(1), asksToWait(3600), answer(true));
    const provider = open({ circuitBreaker: { threshold: 1 }, retries: 3, retryDelay: 0 });
    const time = stopTime();
    const retrying = askNew(provider);
    await server.received(1);
    await askNew(provider);
    expect(stateOf(provider)).toBe('open');
    expect(await time.settlesWithin(retrying, 2000)).toBe(true);
    expect((await retrying).errorMessage).toMatch(/HTTP 429/);
    expect(server.requests).toHaveLength(2);
  });
});

describe('a half-open circuit', () => {
  it('lets one evaluation try, and refuses the others at once while it hangs', async () => {
    const provider = await openBroken({ ...patient, retries: 5, retryDelay: 0 }, SOON);
    const since = sinceOf(provider);
    await trialIsDue(provider);
    server.script(answers.hold);
    const crowd = times(100, () => askNew(provider));
    const settled = crowd.map((details) => details.then(() => true));
    await server.received(1);
    expect(stateOf(provider)).toBe('half-open');
    const [trial, ...others] = crowd;
    for (const { errorMessage } of await within(30_000, Promise.all(others)))
      expect(refusal.exec(errorMessage ?? '')?.[1]).toBe(since);
    for (const { reason } of await within(30_000, Promise.all(times(100, () => askNew(provider)))))
      expect(reason).toBe('ERROR');
    expect(server.requests).toHaveLength(1);

    // Not worth repeating: one attempt decides.
    answers.give({ status: 500 });
    expect((await trial)?.errorMessage).toMatch(/HTTP 500/);
    await Promise.all(settled);
    expect(server.requests).toHaveLength(1);
    expect(stateOf(provider)).toBe('open');
    expect(sinceOf(provider)).toBe(since);
    expect(lines).toHaveLength(1);
  });

  it('tries again after a failed trial, until one succeeds', async () => {
    const provider = await openBroken({}, SOON);
    const since = sinceOf(provider);
    await waitUntil(async () => {
      const { errorMessage = '' } = await askNew(provider);
      const [, told = since] = refusal.exec(errorMessage) ?? [];
      expect(told).toBe(since);
      return server.requests.length >= 3;
    }, 'it is tried again and again');
    expect(stateOf(provider)).toBe('open');
    expect(sinceOf(provider)).toBe(since);

    server.script(answer(true));
    await waitUntil(async () => (await askNew(provider)).value, 'a trial has succeeded');
    expect(stateOf(provider)).toBe('closed');
    expect(sinceOf(provider)).not.toBe(since);
    for (const details of await Promise.all(times(100, () => askNew(provider))))
      expect(details).toMatchObject({ value: true, variant: 'on', reason: 'STATIC' });
    expect(server.requests).toHaveLength(101);
  });

  it.each([400, 401, 403, 404])('closes when the trial is answered with HTTP %i', async (status) => {
    const provider = await openBroken({}, SOON);
    server.script({ status });
    await waitUntil(async () => {
      await askNew(provider);
      return stateOf(provider) === 'closed';
    }, 'the circuit closes');
    expect((await askNew(provider)).errorMessage).toContain(`HTTP ${status}`);
  });

  it('ends a trial without an answer at its time limit', async () => {
    const provider = await openBroken({ timeout: 100 }, SOON);
    await trialIsDue(provider);
    server.script(() => undefined);
    expect((await within(30_000, askNew(provider))).errorMessage).toMatch(/within 100 ms/);
    expect(stateOf(provider)).toBe('open');
  });

  it('counts failures from zero once it has closed', async () => {
    server.script({ status: 500 });
    const provider = open({ circuitBreaker: { threshold: 2, halfOpenAfter: SOON } });
    await Promise.all([askNew(provider), askNew(provider)]);
    server.script(answer(true));
    await waitUntil(async () => (await askNew(provider)).value, 'it is back');
    server.script({ status: 500 });
    await askNew(provider);
    expect(stateOf(provider)).toBe('closed');
    await askNew(provider);
    expect(stateOf(provider)).toBe('open');
  });
});

describe('an evaluation that began before the circuit opened', () => {
  it.each([
    ['while a trial is under way', 'half-open'],
    ['after Flagship is back', 'closed'],
  ])('and fails %s does not change the state', async (_, expected) => {
    server.script(answers.hold, answers.hold, { status: 500 });
    const provider = open({ circuitBreaker: { threshold: 1, halfOpenAfter: SOON }, ...patient });
    const early = [askNew(provider), askNew(provider)];
    await server.received(2);
    await askNew(provider);
    expect(stateOf(provider)).toBe('open');
    await trialIsDue(provider);
    const trial = holdAnswers();
    server.script(trial.hold);
    const trying = askNew(provider);
    await server.received(1);
    if (expected === 'closed') {
      trial.give(answer(true));
      await trying;
    }
    early.forEach(() => answers.give({ status: 500 }));
    for (const { errorMessage } of await Promise.all(early)) expect(errorMessage).toMatch(/HTTP 500/);
    expect(stateOf(provider)).toBe(expected);
    trial.give(answer(true));
    expect(await trying).toMatchObject({ value: true });
    expect(stateOf(provider)).toBe('closed');
  });
});

describe('closing the provider', () => {
  it('closes the circuit: the reopened provider sends requests', async () => {
    const provider = await openBroken();
    await provider.onClose();
    server.script(answer(true));
    await provider.initialize();
    expect(stateOf(provider)).toBe('closed');
    expect(await askNew(provider)).toMatchObject({ value: true });
  });

  it('is no failure of Flagship: no event is emitted and no line is logged', async () => {
    server.script(answers.hold);
    const provider = open({ circuitBreaker: { threshold: 2 }, ...patient });
    const events: string[] = [];
    for (const event of [ProviderEvents.Stale, ProviderEvents.Ready] as const)
      provider.events.addHandler(event, () => void events.push(event));
    await provider.initialize();
    const waiting = times(20, () => askNew(provider));
    await server.received(20);
    await provider.onClose();
    for (const { reason } of await Promise.all(waiting)) expect(reason).toBe('ERROR');
    expect([events, lines]).toEqual([[], []]);
  });

  it('during a trial keeps its outcome from the reopened provider', async () => {
    const provider = await openBroken(patient, SOON);
    await trialIsDue(provider);
    server.script(answers.hold);
    const trial = askNew(provider);
    await server.received(1);
    await provider.onClose();
    await provider.initialize();
    await trial;
    expect(lines).toHaveLength(1);
    expect(stateOf(provider)).toBe('closed');
    server.script(answer(true));
    expect(await askNew(provider)).toMatchObject({ value: true });
  });
});

it('the opening and the closing of the circuit are one event and one log line each', async () => {
  const provider = open({ circuitBreaker: { threshold: 1, halfOpenAfter: SOON } });
  await OpenFeature.setProviderAndWait('circuit', provider);
  const client = OpenFeature.getClient('circuit');
  const events: string[] = [];
  for (const event of [ProviderEvents.Stale, ProviderEvents.Ready] as const)
    provider.events.addHandler(
      event,
      (details) => void events.push(`${event} ${details?.message ?? ''}`.trim()),
    );

  server.script({ status: 500 });
  await waitUntil(async () => {
    await askNew(provider);
    return server.requests.length >= 3;
  }, 'it is tried again and again');
  await waitUntil(() => client.providerStatus === ProviderStatus.STALE, 'the status');
  expect(events).toEqual([expect.stringMatching(/^PROVIDER_STALE .*circuit to Flagship is open since/)]);
  expect(lines).toEqual([expect.stringMatching(/^warn .*circuit to Flagship is open since/)]);

  server.script(answer(true));
  await waitUntil(async () => (await askNew(provider)).value, 'it is back');
  await waitUntil(() => client.providerStatus === ProviderStatus.READY, 'the status');
  expect(events.slice(1)).toEqual([ProviderEvents.Ready]);
  expect(lines.slice(1)).toEqual([expect.stringMatching(/^log .*up to date again/)]);
});

it('a circuit that opens and closes several times a minute is logged once', async () => {
  const provider = open({ circuitBreaker: { threshold: 1, halfOpenAfter: SOON } });
  for (let round = 0; round < 3; round++) {
    server.script({ status: 500 });
    await askNew(provider);
    server.script(answer(true));
    await waitUntil(async () => (await askNew(provider)).value, 'it is back');
  }
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['warn', 'log']);
});
