import { type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil, within } from '../../tools/waiting.cjs';
import { captureOutput } from '../fixtures/captured-output';
import { activeResources } from '../fixtures/process-watch';
import { useProcessWatch } from '../fixtures/use-process-watch';
import { useBuiltPackage } from '../fixtures/use-built-package';

/** Only tells a wait that ends early from one that does not. */
const AT_ONCE = 30_000;
const LONG = 60_000;
const never = (): Promise<never> => new Promise(() => undefined);
const failing = (): never => {
  throw new Error('no');
};

const bindingOf = (ask: (key: string) => unknown): FlagshipProviderOptions => {
  const method = ask as (key: string) => Promise<never>;
  return {
    binding: {
      getBooleanDetails: method,
      getStringDetails: method,
      getNumberDetails: method,
      getObjectDetails: method,
    },
  };
};
const endpoint = 'http://flagship.test/evaluate';

/** Each wait, with work that never ends, and how the option that limits it is called. */
const waits: Readonly<Record<string, (limit: number) => FlagshipProviderOptions>> = {
  binding: (deadline) => ({ ...bindingOf(never), deadline }),
  headersFactory: (timeout) => ({ endpoint, timeout, retries: 0, headersFactory: never }),
  fetch: (timeout) => ({ endpoint, timeout, retries: 0, fetch: never }),
  'fetch, its body': (timeout) => ({
    endpoint,
    timeout,
    retries: 0,
    fetch: () => Promise.resolve(new Response(new ReadableStream({ pull: never, cancel: never }))),
  }),
  'fetch, its text': (timeout) => ({
    endpoint,
    timeout,
    retries: 0,
    fetch: () => Promise.resolve({ status: 200, text: never } as unknown as Response),
  }),
};

captureOutput();
useProcessWatch();
const ask = (provider: FlagshipServerProvider) =>
  provider.resolveBooleanEvaluation('flag', false, { targetingKey: 'u' });

describe('waits', () => {
  it.each(Object.entries(waits))('%s: ends at its limit', async (_, options) => {
    const provider = new FlagshipServerProvider(options(50));
    const details = await within(AT_ONCE, ask(provider));
    expect(details).toMatchObject({ value: false, reason: 'ERROR', errorCode: 'GENERAL' });
    expect(details.errorMessage).toMatch(/within 50 ms/);
    await provider.onClose();
  });

  it.each(Object.entries(waits))(
    '%s: ends when the provider closes, and its timer with it',
    async (_, options) => {
      const before = activeResources().Timeout ?? 0;
      const provider = new FlagshipServerProvider(options(LONG));
      const waiting = ask(provider);
      await new Promise(setImmediate);
      expect(activeResources().Timeout ?? 0).toBeGreaterThan(before);
      await within(AT_ONCE, provider.onClose());
      expect(await within(AT_ONCE, waiting)).toMatchObject({ value: false, reason: 'ERROR' });
      await waitUntil(() => (activeResources().Timeout ?? 0) <= before, 'its timer is gone');
    },
  );

  it('connections: closing does not wait for sockets that do not go', async () => {
    const destroy = jest.fn(never);
    const provider = new FlagshipServerProvider({ endpoint: 'http://127.0.0.1:1/evaluate', retries: 0 });
    await ask(provider);
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- the copy that the package has loaded
    const { Pool } = require('undici') as { Pool: { prototype: { destroy: () => Promise<void> } } };
    jest.spyOn(Pool.prototype, 'destroy').mockImplementation(destroy);
    await within(AT_ONCE, provider.onClose());
    expect(destroy).toHaveBeenCalled();
  });
});

describe('a binding that', () => {
  const throwing = new Proxy({}, { get: failing, has: failing, ownKeys: failing, getPrototypeOf: failing });
  it.each<[string, () => unknown, string]>([
    ['throws', failing, 'GENERAL'],
    [
      'rejects with what cannot be read',
      () => ({ then: (_: unknown, no: (reason: unknown) => void) => no(throwing) }),
      'GENERAL',
    ],
    [
      'gives a thenable that throws',
      () => ({
        get then() {
          return failing();
        },
      }),
      'GENERAL',
    ],
    ['gives no promise', () => 7, 'PARSE_ERROR'],
    ['gives nothing', () => undefined, 'PARSE_ERROR'],
    [
      'answers with getters that throw',
      () => ({
        get value() {
          return failing();
        },
      }),
      'PARSE_ERROR',
    ],
    [
      'answers with a proxy that throws for all but "then"',
      () => Promise.resolve(new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : failing()) })),
      'PARSE_ERROR',
    ],
    ['answers with a value that throws', () => ({ value: throwing }), 'PARSE_ERROR'],
    ['answers with a variant that throws', () => ({ value: true, variant: throwing }), 'PARSE_ERROR'],
    ['answers with an error code that throws', () => ({ value: true, errorCode: throwing }), 'GENERAL'],
    [
      'answers with an error message that is none',
      () => ({ value: true, errorCode: 'GENERAL', errorMessage: throwing }),
      'GENERAL',
    ],
    ['answers for another flag', () => ({ flagKey: 'other', value: true }), 'PARSE_ERROR'],
    ['answers for a flag that is no text', () => ({ flagKey: ['flag'], value: true }), 'PARSE_ERROR'],
  ])('%s leaves the default', async (_, answer, errorCode) => {
    for (const options of [{}, { cacheTtl: LONG }, { logging: true }]) {
      const provider = new FlagshipServerProvider({ ...bindingOf(answer), ...options });
      expect(await within(AT_ONCE, ask(provider))).toMatchObject({
        value: false,
        reason: 'ERROR',
        errorCode,
      });
      await provider.onClose();
    }
  });

  it('names the flag in its answer is believed', async () => {
    const provider = new FlagshipServerProvider(bindingOf((flagKey) => ({ flagKey, value: true })));
    expect(await ask(provider)).toMatchObject({ value: true });
  });
});

describe('in a process of its own', () => {
  const built = useBuiltPackage();

  it('a binding that never answers keeps nothing alive after closing', async () => {
    const program = `
      const { FlagshipServerProvider } = require('./dist');
      const ask = () => new Promise(() => {});
      const binding = { getBooleanDetails: ask, getStringDetails: ask, getNumberDetails: ask, getObjectDetails: ask };
      const provider = new FlagshipServerProvider({ binding, deadline: 2000000000 });
      provider.resolveBooleanEvaluation('flag', true, {}).then(({ value, reason }) => console.log(value, reason));
      setImmediate(() => provider.onClose());`;
    const { end, output, errors } = await built.runScript(program);
    expect([end, output.trim(), errors]).toEqual([[0, null], 'true ERROR', '']);
  }, 120_000);
});
