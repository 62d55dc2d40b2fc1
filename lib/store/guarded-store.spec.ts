import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { watchProcess } from '../../test/fixtures/process-watch';
import { type CacheStore } from '../options';
import { GuardedStore } from '.';

const never = new Promise<never>(() => undefined);
const REST = 1000;

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
  const guard = (store: Partial<CacheStore>) => {
    const made = new GuardedStore(
      { get: async () => undefined, set: async () => undefined, ...store },
      'ours:',
      {
        warn: (line) => void lines.push(`warn ${line}`),
        note: (line) => void lines.push(`note ${line}`),
      },
    );
    guarded.push(made);
    return made;
  };
  /** Without the probes, which find out whether the store forgets. */
  const writesOf = (set: jest.Mock): unknown[] =>
    set.mock.calls.filter(([key]) => String(key).startsWith('ours:'));
  const told = () => lines.map((line) => line.slice(0, 4));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const rested = () => void (now += REST);

  const bad: readonly (readonly [string, () => Promise<never>])[] = [
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['never answers', () => never],
  ];

  it.each(bad)('passes over a store that %s, tells of it once, and tries it after a rest', async (_, get) => {
    const asked = jest.fn(get);
    const store = guard({ get: asked });
    expect(await store.get('a')).toBeUndefined();
    for (let index = 0; index < 10; index++) expect(await store.get('a')).toBeUndefined();
    expect(asked).toHaveBeenCalledTimes(1);
    for (let round = 2; round < 5; round++) {
      rested();
      expect(await store.get('a')).toBeUndefined();
      expect(asked).toHaveBeenCalledTimes(round);
    }
    expect(lines).toEqual([
      expect.stringMatching(/^warn .*"cacheStore".*fails.*(broken|a read within 50 ms)/),
    ]);

    asked.mockResolvedValue('text' as never);
    rested();
    expect([await store.get('a'), await store.get('a')]).toEqual(['text', 'text']);
    expect(told()).toEqual(['warn', 'note']);
  });

  it('lets one of many try when the rest is over', async () => {
    const get = jest.fn((): Promise<unknown> => never);
    const store = guard({ get });
    await Promise.all(Array.from({ length: 10 }, () => store.get('a')));
    expect(get).toHaveBeenCalledTimes(10);
    rested();
    await Promise.all(Array.from({ length: 10 }, () => store.get('a')));
    expect(get).toHaveBeenCalledTimes(11);
  });

  it.each(bad.slice(0, 2))(
    'tells once of a store that can be read but %s when it is written to',
    async (_, set) => {
      const write = jest.fn(set);
      const store = guard({ get: async () => 'text', set: write as never });
      for (let round = 1; round < 5; round++) {
        expect(await store.get('a')).toBe('text');
        store.set('a', 'b', 1);
        expect(writesOf(write)).toHaveLength(round);
        await settled();
        expect(store.isAvailable).toBe(false);
        rested();
      }
      expect(told()).toEqual(['warn']);

      write.mockResolvedValue(undefined as never);
      store.set('a', 'b', 1);
      await settled();
      expect(told()).toEqual(['warn', 'note']);
    },
  );

  it('tells of a store that comes and goes once a minute', async () => {
    const get = jest.fn((): Promise<unknown> => Promise.reject(new Error('broken')));
    const store = guard({ get });
    for (let round = 0; round < 40; round++) {
      if (round % 2 === 0) get.mockRejectedValueOnce(new Error('broken'));
      else get.mockResolvedValueOnce('text');
      await store.get('a');
      rested();
    }
    expect(told()).toEqual(['warn', 'note']);
    now += 60_000;
    get.mockRejectedValueOnce(new Error('broken'));
    await store.get('a');
    expect(lines.at(-1)).toMatch(/^warn .*more since/);
  });

  it('waits for what has arrived while the process was busy', async () => {
    jest.restoreAllMocks();
    const get = () => new Promise((resolve) => randomBytes(1, () => resolve('text')));
    const store = guard({ get });
    const value = store.get('a');
    const end = performance.now() + 150;
    while (performance.now() < end);
    expect(await value).toBe('text');
    expect(lines).toEqual([]);
  });

  it('takes what cache-manager tells of a failed read for a failure, of its own keys only', async () => {
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

  it('opens and closes whatever "on" and "off" do', () => {
    const fail = () => {
      throw new Error('no events');
    };
    for (const event of [fail, 5, {}]) {
      const store = guard({ on: event as never, off: event as never });
      expect(() => (store.open(), store.close())).not.toThrow();
    }
  });

  it('collects no more than a thousand writes to a store that does not finish them', () => {
    const set = jest.fn(() => never);
    const store = guard({ set });
    for (let index = 0; index < 5000; index++) store.set('a', 'text', 1);
    expect(writesOf(set)).toHaveLength(1000);
  });

  it('leaves nothing unhandled when a store fails late', async () => {
    const watch = watchProcess();
    const late: ((error: Error) => void)[] = [];
    const fail = () => new Promise<never>((_, reject) => void late.push(reject));
    const store = guard({ get: fail, set: fail });
    store.set('a', 'b', 1);
    expect(await store.get('a')).toBeUndefined();
    for (const reject of late) reject(new Error('late'));
    await settled();
    await settled();
    expect(watch.problems).toEqual([]);
    watch.stop();
  });
});
