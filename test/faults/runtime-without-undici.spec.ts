import { FlagshipServerProvider } from 'nestjs-flagship';
import { answer, askNew } from '../fixtures/open-providers';
import { useCleanup } from '../fixtures/use-cleanup';

/** As Bun has it: the names of undici, without the method that sends requests. */
jest.mock('undici', () => ({
  Pool: class Pool {
    request(): void {
      throw new Error('not implemented');
    }
  },
}));

const cleanUp = useCleanup();

function open(options: object = {}): FlagshipServerProvider {
  const provider = new FlagshipServerProvider({
    endpoint: 'http://flagship.test/evaluate',
    retries: 0,
    ...options,
  });
  cleanUp(() => provider.onClose());
  return provider;
}
/** Replaces the global fetch, as instrumentation does. */
function replaceFetch(fetch: typeof globalThis.fetch) {
  const spy = jest.spyOn(globalThis, 'fetch').mockImplementation(fetch);
  cleanUp(() => {
    spy.mockRestore();
  });
  return spy;
}
const good = () => Promise.resolve(Response.json(answer(true).body));

describe('a runtime whose undici sends no requests', () => {
  it('sends them through its fetch, the one of the moment', async () => {
    const provider = open({ authToken: 'token' });
    const fetch = replaceFetch(good);
    expect(await askNew(provider)).toMatchObject({ value: true });
    expect(fetch.mock.calls[0]?.[0]).toMatch(/^http:\/\/flagship\.test\/evaluate\?flagKey=flag/);
    expect(fetch.mock.calls[0]?.[1]?.headers).toMatchObject({ authorization: 'Bearer token' });
    replaceFetch(() => Promise.reject(new Error('replaced')));
    expect(await askNew(provider)).toMatchObject({
      value: false,
      errorMessage: 'Flagship cannot be reached: replaced',
    });
  });

  it('downloads definitions through it as well', async () => {
    replaceFetch(() => Promise.resolve(Response.json({ flags: {} })));
    const provider = open({ localEvaluation: true, accountId: 'a' });
    await provider.initialize();
    expect(await provider.refresh()).toBe(true);
  });

  it('keeps the time limit and the signal, and closes', async () => {
    const signals: AbortSignal[] = [];
    replaceFetch((_, init) => {
      signals.push(init?.signal as AbortSignal);
      return new Promise(() => undefined);
    });
    expect(await askNew(open({ timeout: 100 }))).toMatchObject({
      errorMessage: expect.stringContaining('within 100 ms'),
    });
    const controller = new AbortController();
    const waiting = askNew(open({ fetchOptions: { signal: controller.signal } }));
    controller.abort();
    expect(await waiting).toMatchObject({ errorMessage: expect.stringContaining('"fetchOptions"') });
    const provider = open();
    const last = askNew(provider);
    await provider.onClose();
    expect(await last).toMatchObject({ value: false, reason: 'ERROR' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
  });
});
