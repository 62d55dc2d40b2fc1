import fc from 'fast-check';
import {
  FlagshipError,
  FlagshipErrorCode,
  type FlagshipProviderOptions,
  FlagshipServerProvider,
} from 'nestjs-flagship';
import { within } from '../../tools/waiting.cjs';
import { captureOutput } from '../fixtures/captured-output';
import { useProcessWatch } from '../fixtures/use-process-watch';

const good = (): Response => Response.json({ flagKey: 'flag', value: true, variant: 'on', reason: 'STATIC' });
const failing = (): never => {
  throw new Error('no');
};
const cyclic = new Error('around');
cyclic.cause = cyclic;
const throwing = new Proxy({}, { get: failing, has: failing, ownKeys: failing, getPrototypeOf: failing });
const stream = (chunk: unknown): object => ({
  async *[Symbol.asyncIterator]() {
    yield chunk;
  },
});
/** Anything can be rejected with. */
const rejection = (reason: unknown): Promise<never> =>
  new Promise((_, reject) => {
    (reject as (reason: unknown) => void)(reason);
  });
const broken = new ReadableStream({ pull: (controller) => controller.error(throwing) });

captureOutput();
useProcessWatch();

/** A provider with a `fetch` that gives this, each time anew. */
function open(give: () => unknown, options: Partial<FlagshipProviderOptions> = {}) {
  let calls = 0;
  const provider = new FlagshipServerProvider({
    endpoint: 'http://flagship.test/evaluate',
    retries: 1,
    retryDelay: 0,
    timeout: 100,
    circuitBreaker: { threshold: 2, halfOpenAfter: 60_000 },
    fetch: (() => {
      calls++;
      return give();
    }) as typeof fetch,
    ...options,
  });
  let users = 0;
  return {
    provider,
    ask: () => provider.resolveBooleanEvaluation('flag', false, { targetingKey: `u${users++}` }),
    calls: () => calls,
  };
}

const oddities: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  text: () => 'OK',
  'a number': () => 200,
  'a function': () => () => good(),
  'an empty object': () => ({}),
  'a promise of nothing': () => Promise.resolve(),
  'a thenable that throws': () => ({
    get then(): never {
      throw new Error('no');
    },
  }),
  'a proxy that throws': () => Promise.resolve(throwing),
  'a response that throws where it is read': () => ({
    get status(): never {
      return failing();
    },
  }),
  'a status that is text': () => ({ status: '200', text: () => '{}' }),
  'a status that is no status': () => ({ status: NaN, text: () => '{}' }),
  'a status of 0': () => ({ status: 0, text: () => '' }),
  'a text that throws': () => ({ status: 200, text: failing }),
  'a text that rejects with nothing': () => ({ status: 200, text: () => rejection(undefined) }),
  'a text that is none': () => ({ status: 200, text: () => 7 }),
  'a text that never comes': () => ({ status: 200, text: () => new Promise(() => undefined) }),
  'a json that cannot be written': () => ({ status: 200, json: () => ({ value: 1n }) }),
  'a body that breaks': () => new Response(new ReadableStream({ pull: (controller) => controller.error() })),
  'a body that breaks with a proxy': () => ({ status: 200, body: broken }),
  'a body of numbers': () => ({ status: 200, body: stream(7) }),
  'a body of proxies': () => ({ status: 200, body: stream(throwing) }),
  'a body that is used up': () => {
    const response = good();
    void response.text();
    return response;
  },
  'an error that is its own cause': () => Promise.reject(cyclic),
  'an error that throws where it is read': () => rejection(throwing),
  'an error without a prototype': () => rejection(Object.create(null)),
  'a final error of this package’s': () =>
    Promise.reject(new FlagshipError('no', FlagshipErrorCode.UNAUTHORIZED)),
};

it.each(Object.entries(oddities))(
  'a fetch that gives %s has failed: retried, and the circuit opens',
  async (_, give) => {
    const { provider, ask, calls } = open(give);
    for (let round = 0; round < 2; round++)
      expect(await within(30_000, ask())).toMatchObject({
        value: false,
        reason: 'ERROR',
        errorCode: 'GENERAL',
      });
    expect(calls()).toBe(4);
    expect(provider.stats().circuit?.state).toBe('open');
    expect(provider.stats().upstream?.inFlight).toBe(0);
    await provider.onClose();
  },
);

it('whatever a fetch gives, an evaluation is answered, and nothing that failed counts as an answer', async () => {
  const anything = fc.anything({ withNullPrototype: true, withBigInt: true });
  const part = fc.oneof(anything, fc.func(anything));
  const likeness = fc.record(
    { status: fc.oneof(part, fc.constant(200)), ok: part, headers: part, body: part, text: part, json: part },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(anything, likeness), fc.boolean(), async (given, rejects) => {
      const { provider, ask } = open(() => (rejects ? rejection(given) : Promise.resolve(given)), {
        circuitBreaker: { threshold: 1 },
        retries: 0,
      });
      const { value, errorCode } = await within(30_000, ask());
      expect([value, /^(GENERAL|PARSE_ERROR)$/.test(String(errorCode))]).toEqual([false, true]);
      // Only a status that judges the question says that Flagship is there.
      const { outcomes } = provider.stats().upstream ?? {};
      const isAnswer = (outcomes?.refused ?? 0) + (outcomes?.notFound ?? 0) > 0;
      expect(provider.stats().circuit?.state).toBe(isAnswer ? 'closed' : 'open');
      await provider.onClose();
    }),
    { numRuns: 300 },
  );
}, 180_000);

it.each<[string, () => unknown]>([
  ['a response of another realm or kind', () => ({ status: 200, headers: {}, text: () => good().text() })],
  ['no more than "ok" and "json"', () => ({ ok: true, json: () => good().json() })],
  ['a body of texts', () => ({ status: 200, body: stream('{"flagKey":"flag","value":true}') })],
  ['headers that throw', () => ({ status: 200, headers: throwing, text: () => good().text() })],
])('a fetch that gives %s is understood', async (_, give) => {
  const { provider, ask, calls } = open(give);
  expect(await ask()).toMatchObject({ value: true });
  expect(calls()).toBe(1);
  await provider.onClose();
});

it('a fetch that writes into the headers changes those of no other request', async () => {
  const seen: unknown[] = [];
  const { provider, ask } = open(good, {
    fetch: (_, init) => {
      const headers = init?.headers as Record<string, string>;
      seen.push({ ...headers });
      headers.authorization = 'mine';
      return Promise.resolve(good());
    },
  });
  await ask();
  await ask();
  expect(seen[1]).toEqual(seen[0]);
  await provider.onClose();
});
