import { type AsyncHook, AsyncLocalStorage, createHook, executionAsyncId } from 'node:async_hooks';
import { context, type Context, type ContextManager, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { ProviderEvents } from '@openfeature/server-sdk';
import { type FlagshipProviderOptions, FlagshipServerProvider } from 'nestjs-flagship';
import { waitUntil } from '../../tools/waiting.cjs';
import { captureOutput } from '../fixtures/captured-output';
import { waitUntilGone } from '../fixtures/garbage';
import { answer, askNew } from '../fixtures/open-providers';
import { type ScriptedServer } from '../fixtures/scripted-server';
import { useServer } from '../fixtures/use-server';
import { useCleanup } from '../fixtures/use-cleanup';

const requests = new AsyncLocalStorage<object>();
const servers = useServer();
let server: ScriptedServer;
const cleanUp = useCleanup();
captureOutput();

beforeAll(async () => (server = await servers.start()));

function open(options: Partial<FlagshipProviderOptions> = {}): FlagshipServerProvider {
  const provider = new FlagshipServerProvider({ endpoint: `${server.url}/evaluate`, retries: 0, ...options });
  cleanUp(() => provider.onClose());
  return provider;
}

describe('a request to Flagship is outside of the request that sets it off', () => {
  it('for headersFactory and fetch, first attempt and retries', async () => {
    const seen: unknown[] = [];
    const look = (): void => void seen.push(requests.getStore());
    server.script({ status: 503 }, answer(true));
    const provider = open({
      retries: 1,
      retryDelay: 0,
      headersFactory: async () => {
        look();
        await new Promise(setImmediate);
        look();
        return {};
      },
      fetch: async (...args) => {
        look();
        const response = await fetch(...args);
        look();
        return response;
      },
    });
    const after = await requests.run({ id: 'one' }, async () => {
      expect(await askNew(provider)).toMatchObject({ value: true });
      return requests.getStore();
    });
    expect(seen).toEqual(Array(8).fill(undefined));
    // The caller itself goes on where it was.
    expect(after).toEqual({ id: 'one' });
  });

  it('for what hears of the circuit', async () => {
    const seen: unknown[] = [];
    const provider = open({ circuitBreaker: { threshold: 1, halfOpenAfter: 1 } });
    await provider.initialize();
    for (const event of [ProviderEvents.Stale, ProviderEvents.Ready] as const)
      provider.events.addHandler(event, () => void seen.push([event, requests.getStore()]));
    await requests.run({ id: 'one' }, async () => {
      server.script({ status: 500 });
      await askNew(provider);
      server.script(answer(true));
      await waitUntil(async () => (await askNew(provider)).value, 'it is back');
    });
    expect(seen).toEqual([
      [ProviderEvents.Stale, undefined],
      [ProviderEvents.Ready, undefined],
    ]);
  });

  it('for a binding', async () => {
    const seen: unknown[] = [];
    const ask = () => {
      seen.push(requests.getStore());
      return Promise.resolve({ value: true });
    };
    const provider = open({
      endpoint: undefined,
      retries: undefined,
      binding: {
        getBooleanDetails: ask,
        getStringDetails: ask,
        getNumberDetails: ask,
        getObjectDetails: ask,
      },
    });
    await requests.run({ id: 'one' }, () => askNew(provider));
    expect(seen).toEqual([undefined]);
  });

  it.each<[string, Partial<FlagshipProviderOptions>]>([
    ['the built-in client', {}],
    ['the global fetch', { fetch: (...args) => globalThis.fetch(...args) }],
  ])('so that its connection keeps nothing of it in memory (%s)', async (_, options) => {
    server.script(answer(true));
    const provider = open(options);
    const store = await (async () => {
      const request = { user: 'one', body: Buffer.alloc(1000) };
      expect(await requests.run(request, () => askNew(provider))).toMatchObject({ value: true });
      return new WeakRef(request);
    })();
    await waitUntilGone([store], 'the request');
    expect(provider.stats().upstream?.requests).toBe(1);
  });
});

describe('its span', () => {
  const spans = new InMemorySpanExporter();
  beforeEach(() => {
    spans.reset();
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
    );
  });
  afterEach(() => {
    trace.disable();
    context.disable();
  });

  /** A context manager that follows asynchronous resources itself, as those of before AsyncLocalStorage do. */
  class ResourceContextManager implements ContextManager {
    private readonly contexts = new Map<number, Context>();
    private current: Context[] = [];
    private readonly hook: AsyncHook = createHook({
      init: (id) => void this.contexts.set(id, this.active()),
      before: (id) => void this.current.push(this.contexts.get(id) ?? this.active()),
      after: () => void this.current.pop(),
      destroy: (id) => void this.contexts.delete(id),
    });
    active(): Context {
      return this.current.at(-1) ?? this.contexts.get(executionAsyncId()) ?? ROOT_CONTEXT;
    }
    with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
      next: Context,
      run: F,
      thisArg?: ThisParameterType<F>,
      ...args: A
    ): ReturnType<F> {
      this.current.push(next);
      try {
        return run.call(thisArg as never, ...args);
      } finally {
        this.current.pop();
      }
    }
    bind<T>(_: Context, target: T): T {
      return target;
    }
    enable(): this {
      this.hook.enable();
      return this;
    }
    disable(): this {
      this.hook.disable();
      return this;
    }
  }

  it.each<[string, () => ContextManager]>([
    ['AsyncLocalStorage', () => new AsyncLocalStorageContextManager().enable()],
    ['asynchronous resources', () => new ResourceContextManager().enable()],
  ])('belongs to the trace of the request, and fetch to the span alone, by %s', async (_, manager) => {
    context.setGlobalContextManager(manager());
    const key = Symbol('of the request');
    const seen: unknown[] = [];
    server.script(answer(true));
    const provider = open({
      fetch: (...args) => {
        seen.push([trace.getActiveSpan()?.spanContext().spanId, context.active().getValue(key)]);
        return globalThis.fetch(...args);
      },
      headersFactory: () => {
        seen.push([trace.getActiveSpan(), context.active().getValue(key)]);
        return {};
      },
    });
    const span = trace.getTracer('test').startSpan('request');
    const within = trace.setSpan(context.active(), span).setValue(key, 'user');
    await context.with(within, () => askNew(provider));
    const [upstream] = spans.getFinishedSpans();
    expect(upstream?.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
    expect(seen).toEqual([
      [undefined, undefined],
      [upstream?.spanContext().spanId, undefined],
    ]);
  });
});
