import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { type CacheStore, type FlagshipProviderOptions } from 'nestjs-flagship';
import { waitUntil, within } from '../../../tools/waiting.cjs';
import { useLog } from '../../fixtures/captured-log';
import { answer, askFlag, askNew, holdAnswers, openProviders, times } from '../../fixtures/open-providers';
import { type ScriptedServer } from '../../fixtures/scripted-server';
import { useServer } from '../../fixtures/use-server';
import { useProcessWatch } from '../../fixtures/use-process-watch';

const LONG = 60_000;
/** Generous: it only has to tell a store that is passed over from one that is waited for. */
const AT_ONCE = 30_000;

const servers = useServer();
let server: ScriptedServer;
const lines = useLog();
const open = openProviders(() => server);
useProcessWatch();

beforeAll(async () => (server = await servers.start()));

const fail = (): never => {
  throw new Error('no');
};
const never = () => new Promise<never>(() => undefined);
const thenable = (then: unknown) => () => ({ then }) as never;
const throwing = new Proxy({}, { get: fail, has: fail, ownKeys: fail, getOwnPropertyDescriptor: fail });
const working = { get: async () => undefined, set: async () => undefined };

/** A store with one property that cannot be read. */
const unreadable = (name: string, store: object = working) =>
  Object.defineProperty({ ...store }, name, { get: fail }) as CacheStore;

describe('a store', () => {
  const stores: Readonly<Record<string, CacheStore>> = {
    'whose "then" throws': {
      get: thenable(fail),
      set: thenable(fail),
    },
    'whose "then" is a getter that throws': {
      get: () => unreadable('then') as never,
      set: () => unreadable('then') as never,
    },
    'whose "then" does nothing': { get: thenable(() => undefined), set: thenable(() => undefined) },
    'whose "then" resolves twice and throws': {
      get: thenable((resolve: (value: unknown) => void) => (resolve(1), resolve(2), fail())),
      set: thenable((resolve: (value: unknown) => void) => (resolve(1), resolve(2), fail())),
    },
    'that answers with a proxy that throws': { get: async () => throwing, set: async () => throwing },
    'that answers with a proxy that throws, without a promise': {
      get: () => throwing as never,
      set: () => throwing as never,
    },
    'that answers without promises': { get: () => undefined as never, set: () => undefined as never },
    'that throws nothing at all': {
      get: () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what it is about
        throw undefined;
      },
      set: () => Promise.reject(Object.create(null) as Error),
    },
    'whose "stores" throws': unreadable('stores'),
    'whose "secondary" throws': unreadable('secondary'),
    'whose "on" and "off" throw when they are read': unreadable('on', unreadable('off')),
    'whose "on" and "off" reject': {
      ...working,
      on: () => Promise.reject(new Error('no')),
      off: () => Promise.reject(new Error('no')),
    },
    'whose "stores" holds nonsense': {
      ...working,
      stores: [null, 7, {}, { get: 1, set: 2 }, throwing],
    } as never,
    'whose "stores" is a proxy that throws': { ...working, stores: new Proxy([], { get: fail }) } as never,
    'whose "stores" is empty': { ...working, stores: [] } as never,
    'that has every method': new Proxy(working, {
      get: (store, name): unknown => Reflect.get(store, name) ?? (() => never()),
    }),
    'that cannot delete': { ...working, del: fail, delete: fail } as never,
    'whose events are nonsense': {
      ...working,
      on: (_: string, listener: (event: never) => void) => {
        const events = [undefined, null, 7, {}, { key: 7, error: 1 }, unreadable('key'), throwing] as never[];
        for (const event of events) expect(() => listener(event)).not.toThrow();
      },
    },
  };

  it.each(Object.entries(stores))('%s makes no evaluation fail', async (_, cacheStore) => {
    server.script(answer(true));
    const provider = open({ cacheTtl: LONG, cacheStore });
    await within(AT_ONCE, provider.initialize());
    for (const details of await within(AT_ONCE, Promise.all(times(30, () => askNew(provider)))))
      expect(details).toMatchObject({ value: true, reason: 'STATIC' });
    await within(AT_ONCE, provider.onClose());
  });

  it('that does not forget is refused, whatever it does when it is asked to delete', async () => {
    for (const method of ['del', 'delete']) {
      for (const remove of [fail, () => Promise.reject(new Error('no')), never, thenable(fail)]) {
        server.script(answer(true));
        const kept = new Map<string, unknown>();
        const store = {
          get: async (key: string) => kept.get(key),
          set: async (key: string, value: unknown) => void kept.set(key, value),
          [method]: remove,
        };
        const provider = open({ cacheTtl: LONG, cacheStore: store });
        await provider.initialize();
        await Promise.all(times(30, () => askNew(provider)));
      }
    }
    await waitUntil(() => lines.length === 8, 'each is told of', 60_000);
    expect(lines).toEqual(Array(8).fill(expect.stringMatching(/^warn .*does not expire entries/)));
  }, 90_000);

  it('is reported to a logger that throws, and no evaluation fails', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(fail);
    server.script(answer(true));
    const provider = open({ cacheTtl: LONG, cacheStore: { get: fail, set: fail } });
    await provider.initialize();
    for (let round = 0; round < 3; round++)
      expect(await askNew(provider)).toMatchObject({ value: true, reason: 'STATIC' });
  });
});

describe('waits', () => {
  it('storeRead: an evaluation waits 50 ms for a store, and then not at all', async () => {
    server.script(answer(true));
    const get = jest.fn(never);
    const provider = open({ cacheTtl: LONG, cacheStore: { get, set: async () => undefined } });
    expect(await within(AT_ONCE, askNew(provider))).toMatchObject({ value: true });
    expect(lines).toEqual([expect.stringMatching(/^warn .*read within 50 ms/)]);
    await within(AT_ONCE, Promise.all(times(20, () => askNew(provider))));
    expect(get.mock.calls.length).toBeLessThan(5);
  });

  it('storeWrite: a write is given up after 50 ms, and no evaluation waits for it', async () => {
    server.script(answer(true));
    const provider = open({ cacheTtl: LONG, cacheStore: { get: async () => undefined, set: never } });
    expect(await within(AT_ONCE, askNew(provider))).toMatchObject({ value: true });
    await waitUntil(() => lines.length > 0, 'it is told of');
    expect(lines).toEqual([expect.stringMatching(/^warn .*write within 50 ms/)]);
    await within(AT_ONCE, provider.onClose());
  });
});

describe('what several callers wait for runs outside of the request that comes first:', () => {
  const requests = new AsyncLocalStorage<string>();

  /** Notes in which request each of the application's functions is called. */
  function spies() {
    const seen = new Map<string, Set<string | undefined>>();
    const note = (name: string): void => {
      seen.set(name, (seen.get(name) ?? new Set()).add(requests.getStore()));
    };
    const kept = new Map<string, unknown>();
    const options: Partial<FlagshipProviderOptions> = {
      cacheTtl: LONG,
      headersFactory: async () => {
        note('headersFactory');
        await Promise.resolve();
        note('headersFactory, later');
        return {};
      },
      fetch: (...request) => {
        note('fetch');
        return fetch(...request);
      },
      cacheStore: {
        get: async (key) => {
          note('get');
          return kept.get(key);
        },
        set: async (key, value) => {
          note('set');
          kept.set(key, value);
        },
        on: () => {
          note('on');
        },
        off: () => {
          note('off');
        },
      },
    };
    return { seen, options };
  }
  const all = ['headersFactory', 'headersFactory, later', 'fetch', 'get', 'set', 'on', 'off'];

  it('headersFactory, fetch and the store see no AsyncLocalStorage of it', async () => {
    const { seen, options } = spies();
    server.script(answer(true));
    const provider = open(options);
    await requests.run('starts', () => provider.initialize());
    for (const request of ['one', 'two'])
      expect(
        await requests.run(request, async () => {
          const details = await Promise.all([askFlag(provider), askNew(provider)]);
          expect(requests.getStore()).toBe(request);
          return details.map(({ value }) => value);
        }),
      ).toEqual([true, true]);
    await waitUntil(() => seen.has('set'), 'the answer is written');
    await requests.run('ends', () => provider.onClose());
    expect(Object.fromEntries(seen)).toEqual(
      Object.fromEntries(all.map((name) => [name, new Set([undefined])])),
    );
  });

  it('nor do they for a revalidation behind a stale answer', async () => {
    const { seen, options } = spies();
    server.script(answer(true));
    const provider = open({ ...options, cacheTtl: 1, staleTtl: LONG, staleWhileRevalidate: true });
    await requests.run('one', () => askFlag(provider));
    server.script(answer(false));
    await waitUntil(
      () => requests.run('two', async () => !(await askFlag(provider)).value),
      'it is asked behind',
    );
    for (const name of ['headersFactory', 'fetch', 'get', 'set'])
      expect(seen.get(name)).toEqual(new Set([undefined]));
  });

  it('each caller continues in its own AsyncLocalStorage', async () => {
    const answers = holdAnswers();
    server.script(answers.hold);
    const provider = open();
    const asked = times(5, (index) =>
      requests.run(`r${index}`, async () => ((await askFlag(provider)).value, requests.getStore())),
    );
    await waitUntil(() => answers.held.length > 0, 'Flagship is asked');
    answers.give(answer(true));
    expect(await Promise.all(asked)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
  });
});
