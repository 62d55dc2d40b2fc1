import { type FlagshipProviderOptions, type FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil, within } from '../../../tools/waiting.cjs';
import {
  answer,
  askFlag,
  askNew,
  type HeldAnswers,
  holdAnswers,
  openProviders,
  times,
} from '../../fixtures/open-providers';
import { answersWell, startRawServer } from '../../fixtures/raw-server';
import { type ScriptedAnswer, type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';
import { useProcessWatch } from '../../fixtures/use-process-watch';
import { useLog } from '../../fixtures/captured-log';

type Details = Awaited<ReturnType<typeof askFlag>>;

const AGES = 60_000;
const shortLived: Partial<FlagshipProviderOptions> = { cacheTtl: 1, staleTtl: AGES, timeout: AGES };
const isStale = { value: true, variant: 'on', reason: 'STALE' };

const servers = useServer();
let server: ScriptedServer;
let answers: HeldAnswers;
const open = openProviders(() => server);
useLog(/^warn Flags may be out of date: The circuit to Flagship is open/);
useProcessWatch();

beforeAll(async () => (server = await servers.start()));
beforeEach(() => {
  answers = holdAnswers();
});

/** What is answered once the answer in memory is no longer fresh. */
async function askExpired(provider: FlagshipServerProvider): Promise<Details> {
  let details = await askFlag(provider);
  await waitUntil(async () => {
    if (details.reason === 'CACHED') details = await askFlag(provider);
    return details.reason !== 'CACHED';
  }, 'the answer has expired');
  return details;
}

/** A provider that has been answered `true`. */
async function openFilled(options: Partial<FlagshipProviderOptions> = {}): Promise<FlagshipServerProvider> {
  server.script(answer(true));
  const provider = open({ ...shortLived, ...options });
  expect(await askFlag(provider)).toMatchObject({ value: true, reason: 'STATIC' });
  return provider;
}

describe('an expired answer is served as STALE', () => {
  const HANGS = 'Flagship does not answer';
  const outages: readonly (readonly [string, ScriptedAnswer])[] = [
    ['Flagship fails', { status: 500 }],
    ['Flagship is overloaded', { status: 429 }],
    [HANGS, () => undefined],
    ['the connection is cut', (response) => void response.destroy()],
    ['the token is refused', { status: 401 }],
    ['the token does not suffice', { status: 403 }],
    ['a proxy redirects', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
    ['a proxy wants credentials', { status: 407 }],
    ['a server on the way finds the URL too long', { status: 414 }],
    ['the address is not served', { status: 421 }],
    ['a page comes back', { body: '<html>' }],
    ['other JSON comes back', { body: [1] }],
    ['half an answer comes back', { body: { flagKey: 'flag' } }],
  ];
  it.each(outages)('when %s; a fresh one replaces it', async (name, outage) => {
    const timeout = name === HANGS ? 1000 : AGES;
    const provider = await openFilled({ circuitBreaker: false, timeout });
    server.script(outage);
    expect(await askExpired(provider)).toEqual({ ...isStale, flagMetadata: {} });
    expect(await askFlag(provider)).toMatchObject(isStale);
    expect(provider.stats()).toMatchObject({ stale: 2, errors: 0 });

    server.script(answer(false));
    expect(await askFlag(provider)).toMatchObject({ value: false, reason: 'STATIC' });
    server.script(outage);
    expect(await askExpired(provider)).toMatchObject({ value: false, reason: 'STALE' });
  });

  it('when Flagship refuses connections', async () => {
    const raw = await startRawServer();
    raw.behave(answersWell);
    const provider = open({ ...shortLived, endpoint: `${raw.url}/evaluate` });
    expect((await askFlag(provider)).value).toBe(true);
    raw.refuse();
    expect(await askExpired(provider)).toMatchObject(isStale);
    await raw.close();
  });

  it('when the circuit is open, without a request', async () => {
    const provider = await openFilled({ circuitBreaker: { threshold: 1, halfOpenAfter: AGES } });
    server.script({ status: 500 });
    expect(await askNew(provider)).toMatchObject({ reason: 'ERROR' });
    expect(await askExpired(provider)).toMatchObject(isStale);
    expect(server.requests).toHaveLength(1);
  });

  it('when "maxConcurrent" is reached, at once', async () => {
    const provider = await openFilled({ maxConcurrent: 1, timeout: AGES });
    server.script(answers.hold);
    const waiting = askNew(provider);
    await server.received(1);
    expect(await within(30_000, askExpired(provider))).toMatchObject(isStale);
    expect(server.requests).toHaveLength(1);
    answers.give(answer(true));
    await waiting;
  });

  it('to all evaluations that share one request', async () => {
    const provider = await openFilled();
    await waitUntil(() => askExpired(provider).then(({ reason }) => reason === 'STATIC'), 'it expires');
    server.script(answers.hold);
    const asked: Promise<Details>[] = [];
    await waitUntil(() => {
      asked.push(askFlag(provider));
      return server.requests.length > 0;
    }, 'one asks');
    const waiting = [...asked, ...times(50, () => askFlag(provider))];
    answers.give({ status: 500 });
    const details = await Promise.all(waiting);
    expect(details.filter(({ reason }) => reason === 'STALE').length).toBeGreaterThanOrEqual(51);
    for (const { value } of details) expect(value).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  it('as an object of each caller’s own', async () => {
    server.script(answer({ list: [1] }));
    const provider = open({ ...shortLived });
    const ask = () => provider.resolveObjectEvaluation('flag', { list: [] as number[] }, {});
    await ask();
    server.script({ status: 500 });
    await waitUntil(async () => (await ask()).reason === 'STALE', 'it expires');
    (await ask()).value.list.push(2);
    expect((await ask()).value).toEqual({ list: [1] });
  });

  it('not to another user, type or flag', async () => {
    const provider = await openFilled();
    server.script({ status: 500 });
    expect(await askNew(provider)).toMatchObject({ value: false, reason: 'ERROR' });
    expect(await provider.resolveStringEvaluation('flag', 'd', { targetingKey: 'u' })).toMatchObject({
      value: 'd',
    });
    expect(await provider.resolveBooleanEvaluation('other', false, { targetingKey: 'u' })).toMatchObject({
      reason: 'ERROR',
    });
  });

  it('not once staleTtl has passed', async () => {
    const provider = await openFilled({ staleTtl: 100 });
    server.script({ status: 500 });
    await waitUntil(async () => (await askFlag(provider)).reason === 'ERROR', 'it is too old');
    expect(await askFlag(provider)).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
  });

  it('not without staleTtl', async () => {
    const provider = await openFilled({ staleTtl: 0 });
    server.script({ status: 500 });
    expect(await askExpired(provider)).toMatchObject({ value: false, reason: 'ERROR' });
  });

  it('not after closing', async () => {
    const provider = await openFilled();
    await provider.onClose();
    await provider.initialize();
    server.script({ status: 500 });
    expect(await askFlag(provider)).toMatchObject({ value: false, reason: 'ERROR' });
  });
});

describe('an older answer is dropped for good', () => {
  it.each([
    ['the flag is deleted', { status: 404 }, { reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' }],
    [
      'the context is refused',
      { status: 400, body: { errorCode: 'INVALID_CONTEXT' } },
      { reason: 'ERROR', errorCode: 'INVALID_CONTEXT' },
    ],
    [
      'the context is refused with another status',
      { status: 413, body: { errorCode: 'INVALID_CONTEXT' } },
      { reason: 'ERROR', errorCode: 'INVALID_CONTEXT' },
    ],
    ['the flag is switched off', answer(true, 'DISABLED'), { reason: 'DISABLED' }],
    ['the flag’s type has changed', answer('text'), { reason: 'ERROR', errorCode: 'TYPE_MISMATCH' }],
  ])('once %s', async (_, said, expected) => {
    for (const staleWhileRevalidate of [false, true]) {
      const provider = await openFilled({ staleWhileRevalidate });
      server.script(said);
      await waitUntil(async () => {
        const reason: string | undefined = (await askFlag(provider)).reason;
        return reason === expected.reason;
      }, 'the verdict is known');
      expect(await askFlag(provider)).toMatchObject({ value: false, ...expected });
      server.script({ status: 500 });
      expect(await askFlag(provider)).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
    }
  });
});

describe('staleWhileRevalidate', () => {
  const options: Partial<FlagshipProviderOptions> = { staleWhileRevalidate: true, timeout: AGES };
  const reasonsOf = (all: readonly Details[]) => new Set(all.map(({ reason }) => reason));

  it('answers at once and makes one request to revalidate', async () => {
    const provider = await openFilled(options);
    server.script(answers.hold);
    expect(await within(30_000, askExpired(provider))).toMatchObject(isStale);
    const others = await within(30_000, Promise.all(times(100, () => askFlag(provider))));
    expect(reasonsOf(others)).toEqual(new Set(['STALE']));
    expect(provider.stats()).toMatchObject({ stale: 101, shared: 0 });
    await server.received(1);
    expect(server.requests).toHaveLength(1);

    answers.give(answer(false));
    await waitUntil(async () => !(await askFlag(provider)).value, 'the fresh answer is seen');
  });

  it('keeps the stale answer when the revalidation fails, and tries again', async () => {
    const provider = await openFilled({ ...options, circuitBreaker: false });
    server.script({ status: 500 });
    await askExpired(provider);
    await waitUntil(async () => {
      expect(await askFlag(provider)).toMatchObject(isStale);
      return server.requests.length > 2;
    }, 'it has been tried again');
    server.script(answer(false));
    await waitUntil(async () => !(await askFlag(provider)).value, 'the fresh answer is seen');
  });

  it('makes the request first when there is no stale answer', async () => {
    server.script(answer(true));
    const provider = open({ ...shortLived, ...options });
    expect(await askFlag(provider)).toMatchObject({ value: true, reason: 'STATIC' });
  });

  it('ends with staleTtl', async () => {
    const provider = await openFilled({ ...options, staleTtl: 50, circuitBreaker: false });
    server.script({ status: 500 });
    await waitUntil(async () => (await askFlag(provider)).reason === 'ERROR', 'it is too old');
  });
});

describe('negativeTtl', () => {
  const missing = { value: false, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' };

  it.each([0, AGES])('remembers that a flag does not exist (cacheTtl: %i)', async (cacheTtl) => {
    server.script({ status: 404 });
    const provider = open({ negativeTtl: AGES, cacheTtl });
    for (let index = 0; index < 3; index++) expect(await askFlag(provider)).toMatchObject(missing);
    expect(await provider.resolveBooleanEvaluation('flag', true, { targetingKey: 'u' })).toMatchObject({
      value: true,
    });
    expect(server.requests).toHaveLength(1);
    expect(provider.stats()).toMatchObject({ evaluations: 4, errors: 4, hits: { memory: 3 } });
  });

  it('is off by default', async () => {
    server.script({ status: 404 });
    const provider = open({ cacheTtl: AGES, staleTtl: AGES });
    for (let index = 0; index < 3; index++) expect(await askFlag(provider)).toMatchObject(missing);
    expect(server.requests).toHaveLength(3);
  });

  it('ends at its time, and is not prolonged by staleTtl', async () => {
    server.script({ status: 404 }, { status: 500 });
    const provider = open({ negativeTtl: 50, cacheTtl: AGES, staleTtl: AGES });
    expect(await askFlag(provider)).toMatchObject(missing);
    await waitUntil(async () => String((await askFlag(provider)).errorCode) === 'GENERAL', 'it asks again');
    server.script(answer(true));
    expect(await askFlag(provider)).toMatchObject({ value: true, reason: 'STATIC' });
  });

  it.each([
    ['500', { status: 500 }],
    ['401', { status: 401 }],
    ['400', { status: 400 }],
    ['a page', { body: '<html>' }],
    ['a disabled flag', answer(true, 'DISABLED')],
    ['a mismatch', answer('text')],
  ])('does not remember %s', async (_, said) => {
    server.script(said);
    const provider = open({ negativeTtl: AGES, cacheTtl: AGES, staleTtl: AGES, circuitBreaker: false });
    for (let index = 0; index < 3; index++) expect((await askFlag(provider)).reason).not.toBe('CACHED');
    expect(server.requests).toHaveLength(3);
    expect(provider.stats().cached).toBe(0);
  });
});
