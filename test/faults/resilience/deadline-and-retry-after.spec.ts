import { type FlagshipProviderOptions } from 'nestjs-flagship';
import { waitUntil, within } from '../../../tools/waiting.cjs';
import { useFakeTime } from '../../fixtures/fake-time';
import { answer, askNew, openProviders } from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';

const LONG = 60_000;
/** Less than any pause and limit below: it only tells what does not wait from what does. */
const AT_ONCE = 20_000;

const servers = useServer();
let server: ScriptedServer;
const open = openProviders(() => server);

beforeAll(async () => (server = await servers.start()));

const stopTime = useFakeTime();

describe('deadline', () => {
  it('ends an attempt before "timeout" does, and is named in the message', async () => {
    server.script(() => undefined);
    const provider = open({ timeout: LONG, retries: 10, retryDelay: 0, deadline: 200 });
    const time = stopTime();
    const asked = askNew(provider);
    await server.received(1);
    expect(await time.settlesWithin(asked, 199)).toBe(false);
    expect(await time.settlesWithin(asked, 1)).toBe(true);
    const details = await asked;
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
    expect(details.errorMessage).toMatch(/within 200 ms \(option "deadline"\)/);
    expect(server.requests).toHaveLength(1);
  });

  it('bounds attempts and pauses together', async () => {
    server.script(() => undefined);
    const provider = open({ timeout: 100, retries: 10, retryDelay: 0, deadline: 350 });
    const time = stopTime();
    const asked = askNew(provider);
    for (let attempt = 1; attempt <= 3; attempt++) {
      await server.received(attempt);
      // A pause of nothing is a millisecond at most.
      expect(await time.settlesWithin(asked, 101)).toBe(false);
    }
    await server.received(4);
    expect(await time.settlesWithin(asked, 50)).toBe(true);
    expect(server.requests).toHaveLength(4);
  });

  it('does not wait for a pause that leaves no time for another attempt', async () => {
    server.script({ status: 500 });
    const provider = open({ retries: 3, retryDelay: 30_000, deadline: 10_000 });
    const time = stopTime();
    const asked = askNew(provider);
    await waitUntil(() => provider.stats().upstream?.outcomes.failed === 1, 'the failure has arrived');
    expect(await time.settlesWithin(asked, 0)).toBe(true);
    const { errorMessage } = await asked;
    expect(errorMessage).toMatch(/HTTP 500/);
    expect(server.requests).toHaveLength(1);
  });

  it('ends waiting for headersFactory', async () => {
    const headersFactory = () => new Promise<never>(() => undefined);
    const provider = open({ timeout: LONG, deadline: 100, headersFactory });
    expect((await within(AT_ONCE, askNew(provider))).errorMessage).toMatch(/100 ms \(option "deadline"\)/);
  });

  it('ends all evaluations that share one request', async () => {
    server.script(() => undefined);
    const provider = open({ timeout: LONG, deadline: 200 });
    const ask = () => provider.resolveBooleanEvaluation('flag', true, {});
    const time = stopTime();
    const asked = Promise.all([ask(), ask(), ask()]);
    await server.received(1);
    expect(await time.settlesWithin(asked, 200)).toBe(true);
    for (const details of await asked) expect(details).toMatchObject({ value: true, errorCode: 'GENERAL' });
    expect(server.requests).toHaveLength(1);
  });

  it('is not named in the message when "timeout" ends the attempt', async () => {
    server.script(() => undefined);
    const provider = open({ timeout: 100 });
    expect((await askNew(provider)).errorMessage).toMatch(/within 100 ms \(option "timeout"\)/);
  });

  it('does not limit local evaluation: a slow download comes to its end', async () => {
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
  const slow: Partial<FlagshipProviderOptions> = {
    retries: 1,
    retryDelay: 30_000,
    deadline: LONG,
    timeout: LONG,
  };

  it.each([
    [429, 'seconds', 'throttled', (): string => '1'],
    [503, 'seconds', 'failed', (): string => '1'],
    // Dates are whole seconds: at least one from now.
    [429, 'a date', 'throttled', (): string => new Date(Date.now() + 2000).toUTCString()],
    [503, 'a date', 'failed', (): string => new Date(Date.now() + 2000).toUTCString()],
  ] as const)('of a %i in %s takes the place of retryDelay', async (status, _, outcome, when) => {
    const time = stopTime();
    const provider = open(slow);
    server.script(
      (response) => void response.writeHead(status, { 'retry-after': when() }).end(),
      answer(true),
    );
    const details = askNew(provider);
    await waitUntil(() => provider.stats().upstream?.outcomes[outcome] === 1, 'the refusal has arrived');
    await time.advance(999);
    expect(server.requests).toHaveLength(1);
    // Longer than the two seconds of the date and the jitter.
    await time.advance(2000);
    expect(await details).toMatchObject({ value: true });
    expect(server.requests).toHaveLength(2);
  });

  it('of 0 is no pause at all', async () => {
    server.script({ status: 429, headers: { 'retry-after': '0' } }, answer(true));
    expect(await within(AT_ONCE, askNew(open(slow)))).toMatchObject({ value: true });
  });

  it('is read from the answer of a custom fetch as well', async () => {
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
