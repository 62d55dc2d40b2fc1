import { FlagshipServerProvider } from 'nestjs-flagship';
import { within } from '../../tools/waiting.cjs';
import { useCleanup } from '../fixtures/use-cleanup';

type Options = ConstructorParameters<typeof FlagshipServerProvider>[0];
type Fetch = typeof globalThis.fetch;

const good = () => Response.json({ flagKey: 'flag', value: true, variant: 'on', reason: 'STATIC' });
const endless = () =>
  new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(0x10000).fill(0x20)),
  });
/** Time that decides nothing. */
const LONG = 10_000;
/** The time limit of a fetch that hangs. */
const SHORT = 200;
const silent = () => new ReadableStream<Uint8Array>();

describe('a fetch of one’s own', () => {
  const cleanUp = useCleanup();
  const providerWith = (fetch: unknown, options: Partial<Options> = {}) => {
    const provider = new FlagshipServerProvider({
      endpoint: 'http://flagship.test/evaluate',
      timeout: LONG,
      retries: 1,
      retryDelay: 0,
      fetch: fetch as Fetch,
      ...options,
    });
    cleanUp(() => provider.onClose());
    return provider;
  };
  const ask = (provider: FlagshipServerProvider) =>
    provider.resolveBooleanEvaluation('flag', false, { plan: 'pro' });

  it('gets the request and the options of fetch', async () => {
    const fetch = jest.fn<Promise<Response>, Parameters<Fetch>>(async () => good());
    const provider = providerWith(fetch, {
      authToken: 'token',
      fetchOptions: { redirect: 'error', headers: { 'x-one': '1' } },
    });
    expect(await ask(provider)).toMatchObject({ value: true });
    const [url, init] = fetch.mock.calls[0] ?? [];
    expect(url).toBe('http://flagship.test/evaluate?flagKey=flag&plan=pro');
    expect(init).toMatchObject({ method: 'GET', redirect: 'error', signal: expect.any(AbortSignal) });
    expect(init?.headers).toMatchObject({ authorization: 'Bearer token', 'x-one': '1' });
  });

  it('gets the body when the context travels as one', async () => {
    const fetch = jest.fn<Promise<Response>, Parameters<Fetch>>(async () => good());
    await ask(providerWith(fetch, { contextTransport: 'body' }));
    const [url, init] = fetch.mock.calls[0] ?? [];
    expect(url).toBe('http://flagship.test/evaluate');
    expect(init).toMatchObject({ method: 'POST', body: '{"flagKey":"flag","context":{"plan":"pro"}}' });
    expect(init?.headers).toMatchObject({ 'content-type': 'application/json' });
  });

  it.each<readonly [string, () => AsyncGenerator]>([
    [
      'is empty parts, all there at once',
      async function* () {
        for (;;) yield await Promise.resolve('');
      },
    ],
    [
      'is slow',
      async function* () {
        for (;;) {
          await new Promise(setImmediate);
          yield '';
        }
      },
    ],
  ])('leaves a body that never ends and knows no signal: one that %s', async (_, parts) => {
    let left = 0;
    const body = async function* () {
      try {
        yield* parts();
      } finally {
        left++;
      }
    };
    const provider = providerWith(async () => ({ status: 200, headers: {}, body: body() }), {
      timeout: SHORT,
      retries: 0,
    });
    expect(await ask(provider)).toMatchObject({
      value: false,
      errorCode: 'GENERAL',
      errorMessage: expect.stringContaining('timeout'),
    });
    while (left === 0) await new Promise(setImmediate);
  });

  interface Fault {
    readonly fetch: () => unknown;
    readonly code?: string;
    readonly message: RegExp;
    readonly calls?: number;
    readonly timeout?: number;
  }
  const hangs = { message: /within 200 ms/, timeout: SHORT };
  const faults: Readonly<Record<string, Fault>> = {
    throws: {
      fetch: () => {
        throw new Error('no proxy');
      },
      message: /cannot be reached: no proxy/,
    },
    'throws a text': {
      fetch: () => {
        throw 'no proxy' as unknown as Error;
      },
      message: /cannot be reached: no proxy/,
    },
    rejects: { fetch: () => Promise.reject(new Error('no proxy')), message: /cannot be reached: no proxy/ },
    'rejects with a cause': {
      fetch: () => Promise.reject(new TypeError('fetch failed', { cause: new Error('no route') })),
      message: /cannot be reached: fetch failed \(no route\)/,
    },
    'ignores its signal': { fetch: () => new Promise(() => undefined), ...hangs },
    'ignores its signal in the body': { fetch: () => new Response(silent()), ...hangs },
    'gives an endless body': {
      fetch: () => new Response(endless()),
      code: 'PARSE_ERROR',
      message: /larger than 131072 bytes/,
      calls: 1,
    },
    'gives no body': { fetch: () => new Response(null), code: 'PARSE_ERROR', message: /not JSON/ },
    'gives nothing': { fetch: () => undefined, message: /cannot be reached/ },
    'gives a status only': { fetch: () => new Response(null, { status: 503 }), message: /HTTP 503/ },
  };
  it.each(Object.entries(faults))(
    'that %s leaves the default, in time',
    async (_, { fetch, code, message, calls, timeout = LONG }) => {
      let count = 0;
      let isGood = false;
      const provider = providerWith(
        () => {
          count++;
          return isGood ? good() : fetch();
        },
        { timeout },
      );
      const details = await within(30_000, ask(provider));
      expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: code ?? 'GENERAL' });
      expect(details.errorMessage).toMatch(message);
      expect(count).toBe(calls ?? 2);
      isGood = true;
      expect(await ask(provider)).toMatchObject({ value: true });
    },
  );

  it('is told by its signal when the time is up', async () => {
    let signal: AbortSignal | null | undefined;
    const provider = providerWith(
      (_: string, init: RequestInit) => {
        signal = init.signal;
        return new Promise(() => undefined);
      },
      { timeout: SHORT },
    );
    await ask(provider);
    expect(signal?.aborted).toBe(true);
  });

  it('is told by its signal when the provider closes, which does not wait for it', async () => {
    const signals: (AbortSignal | null | undefined)[] = [];
    const provider = providerWith(
      (_: string, init: RequestInit) => {
        signals.push(init.signal);
        return new Promise(() => undefined);
      },
      { timeout: 60_000, retries: 5, retryDelay: 30_000 },
    );
    const answer = ask(provider);
    await provider.onClose();
    expect(await answer).toMatchObject({ value: false, reason: 'ERROR' });
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });

  it('that answers after closing is not believed', async () => {
    const answers: ((response: Response) => void)[] = [];
    const provider = providerWith(() => new Promise<Response>((resolve) => answers.push(resolve)), {
      cacheTtl: 60_000,
    });
    const first = ask(provider);
    await provider.onClose();
    answers[0]?.(good());
    expect(await first).toMatchObject({ value: false, reason: 'ERROR' });
    await provider.initialize();
    const second = ask(provider);
    answers[1]?.(good());
    expect(await second).toMatchObject({ value: true, reason: 'STATIC' });
    expect(await ask(provider)).toMatchObject({ value: true, reason: 'CACHED' });
  });
});
