import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { watchProcess } from '../../test/fixtures/process-watch';
import { type CacheStore } from '../options';
import { GuardedStore } from '.';

const never = new Promise<never>(() => undefined);
const COOLDOWN_MS = 1000;

describe('GuardedStore', () => {
  let lines: string[];
  let now: number;

  beforeEach(() => {
    lines = [];
    now = performance.now();
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => jest.restoreAllMocks());

  const guarded: GuardedStore[] = [];
  afterEach(() => {
    for (const store of guarded.splice(0)) store.close();
  });
  const guard = (methods: Partial<CacheStore>) => {
    const store = new GuardedStore(
      { get: async () => undefined, set: async () => undefined, ...methods },
      'ours:',
      {
        warn: (line) => void lines.push(`warn ${line}`),
        info: (line) => void lines.push(`note ${line}`),
      },
    );
    guarded.push(store);
    return store;
  };
  /** The writes of entries, without those of probes. */
  const writesOf = (set: jest.Mock): unknown[] =>
    set.mock.calls.filter(([key]) => String(key).startsWith('ours:'));
  /** The levels of the reports: `warn` or `note`. */
  const levels = () => lines.map((line) => line.slice(0, 4));
  const turnOfEventLoop = () => new Promise((resolve) => setImmediate(resolve));
  const waitForCooldown = () => void (now += COOLDOWN_MS);

  const bad: readonly (readonly [string, () => Promise<never>])[] = [
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['hangs', () => never],
  ];

  it.each(bad)('skips a store that %s, reports it once, and tries it after the cooldown', async (_, get) => {
    const read = jest.fn(get);
    const store = guard({ get: read });
    expect(await store.get('a')).toBeUndefined();
    for (let index = 0; index < 10; index++) expect(await store.get('a')).toBeUndefined();
    expect(read).toHaveBeenCalledTimes(1);
    for (let round = 2; round < 5; round++) {
      waitForCooldown();
      expect(await store.get('a')).toBeUndefined();
      expect(read).toHaveBeenCalledTimes(round);
    }
    expect(lines).toEqual([
      expect.stringMatching(/^warn .*"cacheStore".*fails.*(broken|a read within 50 ms)/),
    ]);

    read.mockResolvedValue('text' as never);
    waitForCooldown();
    expect([await store.get('a'), await store.get('a')]).toEqual(['text', 'text']);
    expect(levels()).toEqual(['warn', 'note']);
  });

  it('lets one of many callers try after the cooldown', async () => {
    const get = jest.fn((): Promise<unknown> => never);
    const store = guard({ get });
    await Promise.all(Array.from({ length: 10 }, () => store.get('a')));
    expect(get).toHaveBeenCalledTimes(10);
    waitForCooldown();
    await Promise.all(Array.from({ length: 10 }, () => store.get('a')));
    expect(get).toHaveBeenCalledTimes(11);
  });

  it.each(bad.slice(0, 2))(
    'reports once a store that can be read but %s when it is written to',
    async (_, set) => {
      const write = jest.fn(set);
      const store = guard({ get: async () => 'text', set: write as never });
      for (let round = 1; round < 5; round++) {
        expect(await store.get('a')).toBe('text');
        store.set('a', 'b', 1);
        expect(writesOf(write)).toHaveLength(round);
        await turnOfEventLoop();
        expect(store.isAvailable).toBe(false);
        waitForCooldown();
      }
      expect(levels()).toEqual(['warn']);

      write.mockResolvedValue(undefined as never);
      store.set('a', 'b', 1);
      await turnOfEventLoop();
      expect(levels()).toEqual(['warn', 'note']);
    },
  );

  it('reports a store that keeps failing and recovering once a minute', async () => {
    const get = jest.fn((): Promise<unknown> => Promise.reject(new Error('broken')));
    const store = guard({ get });
    for (let round = 0; round < 40; round++) {
      if (round % 2 === 0) get.mockRejectedValueOnce(new Error('broken'));
      else get.mockResolvedValueOnce('text');
      await store.get('a');
      waitForCooldown();
    }
    expect(levels()).toEqual(['warn', 'note']);
    now += 60_000;
    get.mockRejectedValueOnce(new Error('broken'));
    await store.get('a');
    expect(lines.at(-1)).toMatch(/^warn .*more since/);
  });

  it('accepts a result that arrived while the event loop was blocked', async () => {
    jest.restoreAllMocks();
    const get = () => new Promise((resolve) => randomBytes(1, () => resolve('text')));
    const store = guard({ get });
    const value = store.get('a');
    const end = performance.now() + 150;
    while (performance.now() < end);
    expect(await value).toBe('text');
    expect(lines).toEqual([]);
  });

  it('counts a failed read that cache-manager reports as an event, for its own keys only', async () => {
    const events = new EventEmitter();
    const get = async (key: string) => void events.emit('get', { key, error: new Error('ECONNRESET') });
    const store = guard({ get, on: events.on.bind(events), off: events.off.bind(events) });
    store.open();
    store.open();
    expect(events.listenerCount('get')).toBe(1);
    events.emit('get', { key: 'theirs:a', error: new Error('x') });
    expect(store.isAvailable).toBe(true);
    expect(await store.get('a')).toBeUndefined();
    expect(lines).toEqual([expect.stringMatching(/^warn .*ECONNRESET/)]);
    expect(store.isAvailable).toBe(false);
    store.close();
    expect(events.listenerCount('get')).toBe(0);
  });

  it('opens and closes when "on" and "off" throw or are no functions', () => {
    const fail = () => {
      throw new Error('no events');
    };
    for (const event of [fail, 5, {}]) {
      const store = guard({ on: event as never, off: event as never });
      expect(() => (store.open(), store.close())).not.toThrow();
    }
  });

  it('has at most a thousand pending writes to a store that hangs', () => {
    const set = jest.fn(() => never);
    const store = guard({ set });
    for (let index = 0; index < 5000; index++) store.set('a', 'text', 1);
    expect(writesOf(set)).toHaveLength(1000);
  });

  it('handles a rejection after the time limit', async () => {
    const watch = watchProcess();
    const late: ((error: Error) => void)[] = [];
    const fail = () => new Promise<never>((_, reject) => void late.push(reject));
    const store = guard({ get: fail, set: fail });
    store.set('a', 'b', 1);
    expect(await store.get('a')).toBeUndefined();
    for (const reject of late) reject(new Error('late'));
    await turnOfEventLoop();
    await turnOfEventLoop();
    expect(watch.problems).toEqual([]);
    watch.stop();
  });
});
