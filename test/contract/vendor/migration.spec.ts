import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import {
  FlagshipServerProvider as VendorProvider,
  TelemetryHook as VendorTelemetryHook,
} from '@cloudflare/flagship/server';
import { type HookContext } from '@openfeature/server-sdk';
import { type FlagshipProviderOptions, FlagshipServerProvider, TelemetryHook } from 'nestjs-flagship';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useLog } from '../../fixtures/captured-log';
import { useCleanup } from '../../fixtures/use-cleanup';
import { useServer } from '../../fixtures/use-server';
import { answer } from './both-providers';

// The README's section "Coming from @cloudflare/flagship", as far as known-differences.spec.ts does not cover it.

const noLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const servers = useServer();
useLog(/circuit/);
const cleanUp = useCleanup();
let server: ScriptedServer;

beforeAll(async () => (server = await servers.start()));

const at = () => ({ endpoint: `${server.url}/evaluate`, retries: 0, retryDelay: 0 });
function ours(options: Partial<FlagshipProviderOptions> = {}): FlagshipServerProvider {
  const provider = new FlagshipServerProvider({ ...at(), ...options });
  cleanUp(() => provider.onClose());
  return provider;
}
const theirs = (options: object = {}): VendorProvider => new VendorProvider({ ...at(), ...options });
const ask = (provider: FlagshipServerProvider | VendorProvider, context = {}) =>
  provider.resolveBooleanEvaluation('flag', false, context, noLog);

it('the time limit covers the body; in 0.4.2 it ends with the headers', async () => {
  const finish: (() => void)[] = [];
  // The headers are there at once, so that no limit can end before them.
  const stalled = () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        finish.push(() => {
          controller.enqueue(Buffer.from(JSON.stringify(answer(true).body)));
          controller.close();
        });
      },
    });
    return Promise.resolve(new Response(body));
  };
  const fetch = jest.spyOn(globalThis, 'fetch').mockImplementation(stalled);
  cleanUp(() => {
    fetch.mockRestore();
  });
  const pending = ask(theirs({ timeout: 100 }));
  // Its limit is over before that of ours, which begins later.
  expect(await ask(ours({ timeout: 200, fetch: stalled }))).toMatchObject({
    value: false,
    errorMessage: expect.stringContaining('within 200 ms'),
  });
  finish[0]?.();
  expect(await pending).toMatchObject({ value: true });
});

it('a closed provider sends nothing; that of 0.4.2 goes on', async () => {
  server.script(answer(true));
  const [our, their] = [ours(), theirs()];
  await Promise.all([our.onClose(), their.onClose()]);
  expect(await ask(our)).toMatchObject({ value: false, errorCode: 'PROVIDER_NOT_READY' });
  expect(server.requests).toHaveLength(0);
  expect(await ask(their)).toMatchObject({ value: true });
});

it('equal evaluations at the same moment share a call; in 0.4.2 each has its own', async () => {
  for (const [provider, requests] of [
    [ours(), 1],
    [theirs(), 2],
  ] as const) {
    server.script(answer(true));
    await Promise.all([ask(provider), ask(provider)]);
    expect(server.requests).toHaveLength(requests);
  }
});

it('after many failures the circuit opens; 0.4.2 has none', async () => {
  for (const [provider, requests] of [
    [ours(), 5],
    [theirs(), 7],
  ] as const) {
    server.script({ status: 503 });
    for (let index = 0; index < 7; index++) await ask(provider, { index });
    expect(server.requests).toHaveLength(requests);
  }
});

it('the signal of "fetchOptions" ends requests; 0.4.2 replaces it', async () => {
  server.script(answer(true));
  const fetchOptions = { signal: AbortSignal.abort() };
  expect(await ask(ours({ fetchOptions }))).toMatchObject({ value: false, errorCode: 'GENERAL' });
  expect(await ask(theirs({ fetchOptions }))).toMatchObject({ value: true });
});

it('the global fetch is looked up at each call, where "fetchOptions" have other fields', async () => {
  const providers = [ours({ fetchOptions: { keepalive: true } }), theirs()];
  const fetch = jest
    .spyOn(globalThis, 'fetch')
    .mockImplementation(() => Promise.resolve(Response.json(answer(true).body)));
  for (const provider of providers) expect(await ask(provider)).toMatchObject({ value: true });
  expect(fetch).toHaveBeenCalledTimes(2);
  fetch.mockRestore();
});

it('both ask for compressed answers and read them', async () => {
  const body = gzipSync(JSON.stringify(answer(true).body));
  server.script((response) => void response.setHeader('content-encoding', 'gzip').end(body));
  for (const provider of [ours(), theirs()]) expect(await ask(provider)).toMatchObject({ value: true });
  for (const { headers } of server.requests) expect(headers['accept-encoding']).toMatch(/^gzip, deflate/);
});

it('options are checked when the provider is created; 0.4.2 ignores a misspelt one, and a timeout of 0', () => {
  expect(() => ours({ timeOut: 5 } as never)).toThrow(/timeOut/);
  expect(() => ours({ timeout: 0 })).toThrow(/"timeout"/);
  theirs({ timeOut: 5 });
  theirs({ timeout: 0 });
});

it('a context with an object: a body carries it; 0.4.2 has only queries', async () => {
  server.script(answer(true));
  const context = { profile: { plan: 'pro' }, nothing: null };
  expect(await ask(ours({ contextTransport: 'auto' }), context)).toMatchObject({ value: true });
  expect(server.requests[0]?.method).toBe('POST');
  expect(await ask(theirs(), context)).toMatchObject({ value: false, errorCode: 'INVALID_CONTEXT' });
  expect(await ask(theirs(), { nothing: null, a: 1 })).toMatchObject({ value: true });
  expect(server.requests[1]?.url).toBe('/evaluate?flagKey=flag&a=1');
});

it('a telemetry hook without "before" has the duration 0; in 0.4.2 it is undefined', async () => {
  const hookContext = { flagKey: 'flag', context: {}, defaultValue: false } as unknown as HookContext;
  const details = { flagKey: 'flag', value: true, flagMetadata: {} };
  const durations: unknown[] = [];
  const note = ({ duration }: { readonly duration?: number }) => void durations.push(duration);
  new TelemetryHook(note).finally(hookContext, details);
  new VendorTelemetryHook(note).after(hookContext, details);
  await setImmediate();
  expect(durations).toEqual([0, undefined]);
});
