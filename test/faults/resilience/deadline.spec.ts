import { type FlagshipProviderOptions } from 'nestjs-flagship';
import { within } from '../../../tools/waiting.cjs';
import { answer, askNew, openProviders } from '../../fixtures/open-providers';
import {
  type AnswerFunction,
  type ScriptedServer,
  startScriptedServer,
} from '../../fixtures/scripted-server';

const LONG = 60_000;
/** Generous: it only has to tell a pause that was waited for from one that was not. */
const AT_ONCE = 3000;

let server: ScriptedServer;
const open = openProviders(() => server);

beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(() => server.close());

/** Fails, and notes when it was asked. */
function failing(status: number, headers: () => Record<string, string> = () => ({})) {
  const asked: number[] = [];
  const fail: AnswerFunction = (response) => {
    asked.push(Date.now());
    response.writeHead(status, headers()).end();
  };
  return { asked, fail };
}

describe('deadline', () => {
  it('ends an attempt that timeout would let go on, and names itself', async () => {
    server.script(() => undefined);
    const provider = open({ timeout: LONG, retries: 10, retryDelay: 0, deadline: 200 });
    const details = await within(AT_ONCE, askNew(provider));
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
    expect(details.errorMessage).toMatch(/within 200 ms \(option "deadline"\)/);
    expect(server.requests).toHaveLength(1);
  });

  it('bounds attempts and pauses together', async () => {
    server.script(() => undefined);
    const provider = open({ timeout: 100, retries: 10, retryDelay: 0, deadline: 350 });
    await within(AT_ONCE, askNew(provider));
    expect(server.requests.length).toBeGreaterThan(1);
    expect(server.requests.length).toBeLessThanOrEqual(4);
  });

  it('does not wait for a pause that leaves no time for another attempt', async () => {
    server.script({ status: 500 });
    const provider = open({ retries: 3, retryDelay: 30_000, deadline: 10_000 });
    const { errorMessage } = await within(AT_ONCE, askNew(provider));
    expect(errorMessage).toMatch(/HTTP 500/);
    expect(server.requests).toHaveLength(1);
  });

  it('ends waiting for headersFactory', async () => {
    const headersFactory = () => new Promise<never>(() => undefined);
    const provider = open({ timeout: LONG, deadline: 100, headersFactory });
    expect((await within(AT_ONCE, askNew(provider))).errorMessage).toMatch(/100 ms \(option "deadline"\)/);
  });

  it('is for all who wait for the same answer', async () => {
    server.script(() => undefined);
    const provider = open({ timeout: LONG, deadline: 200 });
    const ask = () => provider.resolveBooleanEvaluation('flag', true, {});
    for (const details of await within(AT_ONCE, Promise.all([ask(), ask(), ask()])))
      expect(details).toMatchObject({ value: true, errorCode: 'GENERAL' });
    expect(server.requests).toHaveLength(1);
  });

  it('leaves the message to timeout where that is the limit', async () => {
    server.script(() => undefined);
    const provider = open({ timeout: 100 });
    expect((await askNew(provider)).errorMessage).toMatch(/within 100 ms \(option "timeout"\)/);
  });

  it('is not for local evaluation: a slow download comes to its end', async () => {
    server.script((response) => {
      response.writeHead(200);
      response.write('{"flags":');
      setTimeout(() => response.end('{}}'), 100);
    });
    const provider = open({ localEvaluation: true, accountId: 'a', deadline: 20 });
    await provider.initialize();
    expect(await provider.refresh()).toBe(true);
  });
});

describe('Retry-After', () => {
  const slow: Partial<FlagshipProviderOptions> = { retries: 1, retryDelay: 30_000, deadline: LONG };

  it.each([
    [429, 'seconds', () => '1'],
    [503, 'seconds', () => '1'],
    // Dates are whole seconds: at least one from now.
    [429, 'a date', () => new Date(Date.now() + 2000).toUTCString()],
    [503, 'a date', () => new Date(Date.now() + 2000).toUTCString()],
  ])('of a %i in %s takes the place of retryDelay', async (status, _, when) => {
    const { asked, fail } = failing(status, () => ({ 'retry-after': when() }));
    server.script(fail, answer(true));
    const details = askNew(open(slow));
    await within(10_000, server.received(2));
    // Timers may be a millisecond early.
    expect(Date.now() - (asked[0] ?? 0)).toBeGreaterThanOrEqual(995);
    expect(await details).toMatchObject({ value: true });
  });

  it('of 0 is no pause at all', async () => {
    server.script({ status: 429, headers: { 'retry-after': '0' } }, answer(true));
    expect(await within(AT_ONCE, askNew(open(slow)))).toMatchObject({ value: true });
  });

  it('works through a fetch of the user’s as well', async () => {
    server.script({ status: 503, headers: { 'retry-after': '0' } }, answer(true));
    const provider = open({ ...slow, fetch: (...args) => globalThis.fetch(...args) });
    expect(await within(AT_ONCE, askNew(provider))).toMatchObject({ value: true });
  });

  it.each([500, 502, 408])('of a %i is ignored', async (status) => {
    server.script({ status, headers: { 'retry-after': '3600' } }, answer(true));
    const provider = open({ retries: 1, retryDelay: 0 });
    expect(await within(AT_ONCE, askNew(provider))).toMatchObject({ value: true });
    expect(server.requests).toHaveLength(2);
  });

  it('beyond the deadline gives up at once', async () => {
    server.script({ status: 429, headers: { 'retry-after': '3600' } });
    const provider = open({ retries: 3, retryDelay: 0 });
    expect((await within(AT_ONCE, askNew(provider))).errorMessage).toMatch(/HTTP 429/);
    expect(server.requests).toHaveLength(1);
  });

  it('of an hour within a deadline of minutes ends with the provider, not before', async () => {
    server.script({ status: 429, headers: { 'retry-after': '3600' } }, answer(true));
    const provider = open({ retries: 1, retryDelay: 0, deadline: 120_000 });
    const details = askNew(provider);
    await server.received(1);
    await provider.onClose();
    expect(await within(AT_ONCE, details)).toMatchObject({ value: false, reason: 'ERROR' });
    expect(server.requests).toHaveLength(1);
  });
});
