import { getEventListeners } from 'node:events';
import { type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil, within } from '../../tools/waiting.cjs';
import { captureOutput } from '../fixtures/captured-output';
import { answer, askNew, holdAnswers, times } from '../fixtures/open-providers';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useServer } from '../fixtures/use-server';
import { useProcessWatch } from '../fixtures/use-process-watch';
import { useCleanup } from '../fixtures/use-cleanup';

const LONG = 60_000;
/** Less than any time limit or pause below: it only tells what ends early from what does not. */
const AT_ONCE = 20_000;
const aborted = {
  value: false,
  reason: 'ERROR',
  errorCode: 'GENERAL',
  errorMessage: expect.stringMatching(/"fetchOptions"/),
};

const servers = useServer();
let server: ScriptedServer;
const output = captureOutput();
useProcessWatch();
const cleanUp = useCleanup();

beforeAll(async () => (server = await servers.start()));

function open(
  controller: AbortController,
  options: Partial<FlagshipProviderOptions> = {},
): FlagshipServerProvider {
  const provider = new FlagshipServerProvider({
    endpoint: `${server.url}/evaluate`,
    timeout: LONG,
    retries: 3,
    retryDelay: 30_000,
    circuitBreaker: { threshold: 1, halfOpenAfter: 1 },
    fetchOptions: { signal: controller.signal },
    ...options,
  });
  cleanUp(() => provider.onClose());
  return provider;
}
const listeners = ({ signal }: AbortController): number => getEventListeners(signal, 'abort').length;

describe('the signal of "fetchOptions"', () => {
  it('has one listener, however many requests there are, and none after closing', async () => {
    const controller = new AbortController();
    const { hold, held, give } = holdAnswers();
    server.script(hold);
    const provider = open(controller);
    const waiting = times(50, () => askNew(provider));
    await server.received(50);
    expect(listeners(controller)).toBe(1);
    while (held.length > 0) give(answer(true));
    for (const { value } of await Promise.all(waiting)) expect(value).toBe(true);
    expect(listeners(controller)).toBe(1);
    await provider.onClose();
    expect(listeners(controller)).toBe(0);
    await provider.initialize();
    expect(listeners(controller)).toBe(1);
  });

  it('ends the attempts under way, without a retry, and counts neither as a failure nor as an answer', async () => {
    const controller = new AbortController();
    server.script(() => undefined);
    const provider = open(controller);
    const waiting = times(20, () => askNew(provider));
    await server.received(20);
    controller.abort(new Error('the reason is nobody’s business'));
    for (const details of await within(AT_ONCE, Promise.all(waiting))) expect(details).toMatchObject(aborted);
    expect(server.requests).toHaveLength(20);
    expect(provider.stats().circuit?.state).toBe('closed');
    expect(output.lines).toEqual([]);
  });

  it('ends the pause before a retry', async () => {
    const controller = new AbortController();
    server.script({ status: 503 });
    const provider = open(controller, { circuitBreaker: { threshold: 5 } });
    const waiting = askNew(provider);
    await server.received(1);
    await waitUntil(() => provider.stats().upstream?.inFlight === 0, 'the pause');
    controller.abort();
    expect(await within(AT_ONCE, waiting)).toMatchObject(aborted);
    expect(server.requests).toHaveLength(1);
    expect(provider.stats().circuit?.state).toBe('closed');
  });

  it('ends a headersFactory that never settles', async () => {
    const controller = new AbortController();
    const provider = open(controller, { headersFactory: () => new Promise(() => undefined) });
    const waiting = askNew(provider);
    controller.abort();
    expect(await within(AT_ONCE, waiting)).toMatchObject(aborted);
  });

  it('once aborted, lets nothing be sent; an older answer still serves', async () => {
    const controller = new AbortController();
    server.script(answer(true));
    const provider = open(controller, { cacheTtl: 1, staleTtl: LONG });
    const context = { targetingKey: 'u' };
    expect(await provider.resolveBooleanEvaluation('flag', false, context)).toMatchObject({ value: true });
    controller.abort();
    for (let round = 0; round < 3; round++) expect(await askNew(provider)).toMatchObject(aborted);
    expect(server.requests).toHaveLength(1);
    await waitUntil(
      async () => (await provider.resolveBooleanEvaluation('flag', false, context)).reason === 'STALE',
      'the answer is stale',
    );
    expect(provider.stats().circuit?.state).toBe('closed');
  });

  it.each<readonly [string, Partial<FlagshipProviderOptions>]>([
    ['the built-in client', {}],
    ['a fetch of one’s own', { fetch: (url, init) => globalThis.fetch(url, init) }],
  ])('aborted from the start, sends nothing with %s', async (_, options) => {
    const controller = new AbortController();
    controller.abort();
    server.script(answer(true));
    const headersFactory = jest.fn(() => ({}));
    const provider = open(controller, { headersFactory, ...options });
    await provider.initialize();
    expect(await askNew(provider)).toMatchObject(aborted);
    expect([server.requests.length, headersFactory.mock.calls.length]).toEqual([0, 0]);
    const local = open(controller, {
      localEvaluation: true,
      accountId: 'a',
      circuitBreaker: undefined,
      ...options,
    });
    await expect(within(AT_ONCE, local.initialize())).rejects.toThrow(/signal of option "fetchOptions"/);
    expect(await within(AT_ONCE, local.refresh())).toBe(false);
    expect(server.requests).toHaveLength(0);
  });

  it('ends the first download, and the pause before its retry', async () => {
    const controller = new AbortController();
    server.script({ status: 503 });
    const provider = open(controller, { localEvaluation: true, accountId: 'a', circuitBreaker: undefined });
    const starting = provider.initialize().catch((error: unknown) => error);
    await server.received(1);
    await waitUntil(() => provider.stats().upstream?.inFlight === 0, 'the pause');
    controller.abort();
    expect(await within(AT_ONCE, starting)).toMatchObject({
      message: expect.stringMatching(/"fetchOptions"/),
    });
    expect(server.requests).toHaveLength(1);
  });

  it('leaves a trial that it ends to the next evaluation', async () => {
    const controller = new AbortController();
    server.script({ status: 500 }, () => undefined);
    const provider = open(controller, { retries: 0 });
    await askNew(provider);
    expect(provider.stats().circuit?.state).toBe('open');
    let trial: Promise<unknown> | undefined;
    await waitUntil(() => {
      trial = askNew(provider);
      return provider.stats().circuit?.state === 'half-open';
    }, 'it is time to try');
    await server.received(2);
    controller.abort();
    expect(await within(AT_ONCE, trial ?? Promise.resolve())).toMatchObject(aborted);
    expect(provider.stats().circuit?.state).toBe('open');
    expect(await askNew(provider)).toMatchObject(aborted);
  });

  it('reaches a fetch of one’s own through the signal of its request', async () => {
    const controller = new AbortController();
    const signals: AbortSignal[] = [];
    const provider = open(controller, {
      fetch: (_, init) => {
        signals.push(init?.signal as AbortSignal);
        return new Promise(() => undefined);
      },
    });
    const waiting = askNew(provider);
    await waitUntil(() => signals.length === 1, 'the call');
    controller.abort();
    await within(AT_ONCE, waiting);
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
  });

  it('ends a refresh of definitions as well', async () => {
    const controller = new AbortController();
    server.script({ body: { flags: {} } }, () => undefined);
    const provider = open(controller, { localEvaluation: true, accountId: 'a', circuitBreaker: undefined });
    await provider.initialize();
    const refreshing = provider.refresh();
    await server.received(2);
    controller.abort();
    expect(await within(AT_ONCE, refreshing)).toBe(false);
    expect(server.requests).toHaveLength(2);
  });

  it('may be null', async () => {
    server.script(answer(true));
    const provider = open(new AbortController(), { fetchOptions: { signal: null } });
    expect(await askNew(provider)).toMatchObject({ value: true });
  });
});
