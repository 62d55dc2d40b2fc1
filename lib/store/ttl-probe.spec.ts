import { type CacheStore } from '../options';
import { GuardedStore } from '.';

const PREFIX = 'nestjs-flagship:app:';
const PROBE = /^nestjs-flagship-probe:app::?\d+$/;
const DAY = 24 * 3_600_000;
/** The times by which the first result of a probe is known, and the last one. */
const [SOON, LATE] = [5000, 120_000];

interface StoredEntry {
  value: unknown;
  expiresAt: number;
}

/** A store on the clock of the test. `durationOf` decides how long it keeps an entry with a TTL. */
class TestStore implements CacheStore {
  readonly entries = new Map<string, StoredEntry>();
  readonly written: string[] = [];

  constructor(private readonly durationOf: (ttl: number) => number) {}

  async get(key: string): Promise<unknown> {
    const found = this.entries.get(key);
    return found !== undefined && Date.now() < found.expiresAt ? found.value : undefined;
  }

  async set(key: string, value: unknown, ttl = Infinity): Promise<unknown> {
    this.written.push(key);
    this.entries.set(key, { value, expiresAt: Date.now() + this.durationOf(ttl) });
    return value;
  }

  /** The keys of the entries, without those of probes. */
  get entryKeys(): string[] {
    return [...this.entries.keys()].filter((key) => key.startsWith(PREFIX));
  }

  get probes(): string[] {
    return [...this.entries.keys()].filter((key) => PROBE.test(key));
  }
}

class DeletingStore extends TestStore {
  async delete(key: string): Promise<boolean> {
    return this.entries.delete(key);
  }
}

describe('a store is probed before many entries are written to it:', () => {
  let lines: string[];
  let stores: GuardedStore[];

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    lines = [];
    stores = [];
  });
  afterEach(() => {
    for (const store of stores) store.close();
    jest.useRealTimers();
  });

  const guard = (store: CacheStore): GuardedStore => {
    const guarded = new GuardedStore(store, PREFIX, {
      warn: (line) => void lines.push(`warn ${line}`),
      info: (line) => void lines.push(`note ${line}`),
    });
    stores.push(guarded);
    guarded.open();
    return guarded;
  };
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
  const writeMany = (store: GuardedStore, count: number, first = 0): Promise<boolean>[] =>
    Array.from({ length: count }, (_, index) => store.write(`a${first + index}`, 'text', DAY));
  const refused = expect.stringMatching(
    /^warn .*"cacheStore".*does not expire entries.*createCache.*Keyv/,
  ) as unknown;

  const good: readonly (readonly [string, (ttl: number) => number])[] = [
    ['milliseconds', (ttl) => ttl],
    ['whole seconds, rounded up', (ttl) => Math.ceil(ttl / 1000) * 1000],
    ['whole seconds and one more', (ttl) => Math.ceil(ttl / 1000) * 1000 + 1000],
    ['at least a second', (ttl) => Math.max(ttl, 1000)],
    ['at least two seconds', (ttl) => Math.max(ttl, 2000)],
    ['at most an hour', (ttl) => Math.min(ttl, 3_600_000)],
  ];
  it.each(good)('one that keeps entries for %s is written to, without a report', async (_, durationOf) => {
    const store = new TestStore(durationOf);
    const guarded = guard(store);
    const written = writeMany(guarded, 100);
    // The first entries are written at once, the others after the probe has expired.
    expect(store.entryKeys).toHaveLength(16);
    await pass(SOON);
    expect(await Promise.all(written)).toEqual(Array(100).fill(true));
    expect(store.entryKeys).toHaveLength(100);
    await pass(LATE);
    expect(lines).toEqual([]);
    const before = store.written.length;
    await Promise.all(writeMany(guarded, 100, 100));
    expect(store.written).toHaveLength(before + 100);
  });

  const bad: readonly (readonly [string, (ttl: number) => number])[] = [
    ['ignores the TTL', () => Infinity],
    ['takes the TTL as seconds', (ttl) => ttl * 1000],
    ['takes the TTL as minutes', (ttl) => ttl * 60_000],
    ['has a minimum of a day', (ttl) => Math.max(ttl, DAY)],
  ];
  it.each(bad)('one that %s is refused once, and is left without entries', async (_, durationOf) => {
    const store = new DeletingStore(durationOf);
    const guarded = guard(store);
    const written = writeMany(guarded, 100);
    await pass(SOON);
    expect(lines).toEqual([refused]);
    expect((await Promise.all(written)).filter(Boolean)).toHaveLength(16);
    expect(store.entryKeys).toEqual([]);
    expect(guarded.isAvailable).toBe(false);
    expect(await guarded.write('b', 'text', DAY)).toBe(false);
    expect(await guarded.get('a1')).toBeUndefined();
    await pass(LATE);
    expect(store.entries.size).toBe(0);
    expect(lines).toHaveLength(1);
    guarded.open();
    await pass(LATE);
    expect([store.entries.size, lines.length]).toEqual([0, 1]);
  });

  it('one that cannot delete holds only a few entries, however often it is opened', async () => {
    const store = new TestStore(() => Infinity);
    for (let instance = 0; instance < 30; instance++) {
      const guarded = guard(store);
      void writeMany(guarded, 100);
      await pass(SOON);
      guarded.close();
    }
    expect(store.entryKeys.length).toBeLessThanOrEqual(16);
    expect(store.probes.length).toBeLessThanOrEqual(32);
  });

  it('one with a minimum TTL of a minute is used after the probe has expired', async () => {
    const store = new DeletingStore((ttl) => Math.max(ttl, 60_000));
    const guarded = guard(store);
    await pass(SOON);
    expect(lines).toEqual([refused]);
    await pass(LATE);
    expect(lines).toEqual([refused, expect.stringMatching(/^note .*expires entries after all/)]);
    expect(await guarded.write('a', 'text', DAY)).toBe(true);
  });

  it('one with replicas that lag is written to', async () => {
    const store = new TestStore((ttl) => ttl);
    const written = new Map<string, number>();
    const lagging: CacheStore = {
      get: async (key) => (Date.now() - (written.get(key) ?? 0) < 60 ? undefined : store.get(key)),
      set: (key, value, ttl) => (written.set(key, Date.now()), store.set(key, value, ttl)),
    };
    const all = writeMany(guard(lagging), 50);
    await pass(SOON);
    expect(await Promise.all(all)).toEqual(Array(50).fill(true));
    expect(lines).toEqual([]);
  });

  it('one whose entries cannot be read back is hardly written to, and is reported once', async () => {
    const set = jest.fn(async () => undefined);
    const guarded = guard({ get: async () => undefined, set });
    for (let minute = 0; minute < 60; minute++) {
      void writeMany(guarded, 20, minute * 20);
      await pass(60_000);
    }
    expect(lines).toEqual([expect.stringMatching(/^warn .*"cacheStore".*hardly written to.*read back/)]);
    expect(set.mock.calls.length).toBeLessThan(16 + 61);
  });

  it.each([
    'ERR syntax error',
    "ERR wrong number of arguments for 'set' command",
    "ERR invalid expire time in 'set' command",
  ])('one that refuses the TTL (%s) is refused at once', async (problem) => {
    const set = jest.fn(() => Promise.reject(new Error(problem)));
    const guarded = guard({ get: async () => undefined, set });
    expect(await guarded.write('a', 'text', DAY)).toBe(false);
    expect(lines).toEqual([refused]);
    expect(lines[0]).toContain(problem);
    await pass(LATE);
    expect(await guarded.write('a', 'text', DAY)).toBe(false);
    expect([set.mock.calls.length, lines.length]).toEqual([1, 1]);
  });

  it('instances that start at once do not mistake the probes of others for their own', async () => {
    const store = new DeletingStore((ttl) => ttl);
    const all = Array.from({ length: 60 }, () => guard(store));
    await pass(10_000);
    const written = await Promise.all(all.flatMap((guarded, index) => writeMany(guarded, 20, index * 20)));
    expect(written).toEqual(Array(60 * 20).fill(true));
    expect(lines).toEqual([]);
  });

  it('instances that start at once all detect that a store does not expire entries', async () => {
    const store = new DeletingStore(() => Infinity);
    const all = Array.from({ length: 60 }, () => guard(store));
    for (let round = 0; round < 5; round++) {
      for (const guarded of all) void writeMany(guarded, 20);
      await pass(LATE);
    }
    expect(all.filter((guarded) => guarded.isAvailable)).toEqual([]);
    expect(store.entries.size).toBe(0);
  });

  it('one that is unreachable for the first probe is probed again by later writes', async () => {
    const store = new TestStore((ttl) => ttl);
    let isUnreachable = true;
    const set = (key: string, value: unknown, ttl?: number) =>
      isUnreachable ? Promise.reject(new Error('ECONNREFUSED')) : store.set(key, value, ttl);
    const guarded = guard({ get: (key) => store.get(key), set });
    await pass(LATE);
    // No entry was read or written, so there is no failure to report.
    expect(lines).toEqual([]);
    isUnreachable = false;
    const written = writeMany(guarded, 50);
    await pass(SOON);
    expect((await Promise.all(written)).every(Boolean)).toBe(true);
  });

  it('is not probed after it is closed', async () => {
    const store = new TestStore((ttl) => ttl);
    const guarded = guard(store);
    const written = writeMany(guarded, 20);
    guarded.close();
    expect((await Promise.all(written)).filter(Boolean)).toHaveLength(16);
    const before = store.written.length;
    await pass(LATE);
    expect(store.written).toHaveLength(before);
  });
});
