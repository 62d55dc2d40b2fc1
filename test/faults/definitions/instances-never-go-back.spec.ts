import fc from 'fast-check';
import type * as Nest from '@nestjs/common';
import type * as Package from 'nestjs-flagship';
import { type CacheStore, type FlagshipServerProvider } from 'nestjs-flagship';
import { fixedFlags } from '../../fixtures/definitions';

jest.setTimeout(180_000);

const INTERVAL = 1000;
/** Pauses vary by 10 %; the rest is what requests and the store take when they are well. */
const TWO_INTERVALS = 2 * INTERVAL * 1.1 + 100;
const INSTANCES = 4;

/** How much the clock of each instance differs. */
const clockOffsets = Array.from({ length: INSTANCES }, () => 0);

/** A copy of the package for each instance, as different processes have; each with a clock of its own. */
const copies = Array.from({ length: INSTANCES }, (_, index) => {
  let copy: typeof Package | undefined;
  jest.isolateModules(() => {
    jest.doMock('../../../lib/runtime/wall-clock', () => ({
      wallClockMs: () => Date.now() + clockOffsets[index]!,
    }));
    /* eslint-disable @typescript-eslint/no-require-imports -- copies of their own */
    (require('@nestjs/common') as typeof Nest).Logger.overrideLogger(false);
    copy = require('nestjs-flagship') as typeof Package;
    /* eslint-enable @typescript-eslint/no-require-imports */
  });
  return copy!;
});

type Random = (limit: number) => number;

function randomOf(seed: number): Random {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

/** Flagship, whose flag `v` says how often it was edited. Its answers take time, before and after they are made. */
class Upstream {
  version = 1;
  isUp = true;
  isSlow = true;
  requests = 0;

  constructor(private readonly random: Random) {}

  readonly fetch = (async (_url: string, init: { headers: Record<string, string> }) => {
    this.requests++;
    await this.wait();
    if (!this.isUp) throw new Error('away');
    const text = JSON.stringify({ flags: fixedFlags({ v: this.version }) });
    const etag = `"${this.version}"`;
    await this.wait();
    const headers = new Headers({ etag });
    if (init.headers['if-none-match'] === etag) return { status: 304, body: null, headers };
    return { status: 200, text: async () => text, headers };
  }) as unknown as typeof globalThis.fetch;

  private wait(): Promise<unknown> {
    return pause(this.random(10) === 0 && this.isSlow ? this.random(2 * INTERVAL) : this.random(20));
  }
}

/** A store whose reads and writes take time, fail, and fail although they have taken effect. */
class Store implements CacheStore {
  readonly entries = new Map<string, { readonly value: unknown; readonly until: number }>();
  isWell = false;

  constructor(private readonly random: Random) {}

  async get(key: string): Promise<unknown> {
    await this.fail();
    const entry = this.entries.get(key);
    await this.fail();
    return entry !== undefined && performance.now() < entry.until ? entry.value : undefined;
  }

  async set(key: string, value: unknown, ttlMs: number): Promise<void> {
    await this.fail();
    const entry = { value, until: performance.now() + ttlMs };
    this.entries.set(key, entry);
    await this.fail();
  }

  private async fail(): Promise<void> {
    if (this.isWell) return;
    const kind = this.random(20);
    if (kind === 0) throw new Error('broken');
    await pause(kind < 4 ? this.random(INTERVAL) : this.random(5));
  }
}

/** An instance: never goes back to older flags, from its start to its end. */
class Instance {
  /** The newest version it has had. */
  newest = 0;
  readonly steps: number[] = [];
  private provider: FlagshipServerProvider | undefined;

  constructor(
    private readonly index: number,
    private readonly upstream: Upstream,
    private readonly cacheStore: CacheStore,
  ) {}

  start(): void {
    this.newest = 0;
    this.provider = new copies[this.index]!.FlagshipServerProvider({
      endpoint: 'http://flagship.test/evaluate',
      accountId: 'account',
      localEvaluation: true,
      refreshInterval: INTERVAL,
      timeout: INTERVAL / 2,
      retries: 0,
      fetch: this.upstream.fetch,
      cacheStore: this.cacheStore,
    });
    this.provider.initialize().catch(() => undefined);
  }

  async look(): Promise<number> {
    const { provider } = this;
    const { value = 0 } = (await provider?.resolveNumberEvaluation('v', 0, {})) ?? {};
    // Without flags, or closed.
    if (value === 0 || provider !== this.provider) return value;
    this.steps.push(value);
    if (value < this.newest) throw new Error(`went back: ${this.steps.join(' ')}`);
    this.newest = value;
    return value;
  }

  refresh(): void {
    void this.provider?.refresh();
  }

  async stop(): Promise<void> {
    const { provider } = this;
    this.provider = undefined;
    await provider?.onClose();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }
}

interface Command {
  readonly what: 'edit' | 'refresh' | 'restart' | 'lose' | 'away' | 'back';
  readonly who: number;
  readonly after: number;
}

const command: fc.Arbitrary<Command> = fc.record({
  what: fc.constantFrom('edit', 'edit', 'edit', 'refresh', 'refresh', 'restart', 'lose', 'away', 'back'),
  who: fc.nat(INSTANCES - 1),
  after: fc.oneof(fc.nat(30), fc.nat(INTERVAL), fc.nat(3 * INTERVAL)),
});
/** Up to an hour of difference, or none, or next to none. */
const offset = fc.oneof(
  fc.constant(0),
  fc.integer({ min: -50, max: 50 }),
  fc.integer({ min: -3_600_000, max: 3_600_000 }),
);
const history = fc.record({
  seed: fc.nat(),
  commands: fc.array(command, { maxLength: 25 }),
  offsets: fc.array(offset, { minLength: INSTANCES, maxLength: INSTANCES }),
});

async function play({ seed, commands, offsets }: { seed: number; commands: Command[]; offsets: number[] }) {
  const random = randomOf(seed);
  clockOffsets.splice(0, INSTANCES, ...offsets);
  const upstream = new Upstream(random);
  const store = new Store(random);
  const all = Array.from({ length: INSTANCES }, (_, index) => new Instance(index, upstream, store));
  const advance = async (time: number) => {
    const end = Date.now() + time;
    do {
      await jest.advanceTimersByTimeAsync(Math.min(25, end - Date.now()));
      for (const instance of all) await instance.look();
    } while (Date.now() < end);
  };
  for (const instance of all) {
    instance.start();
    await advance(random(INTERVAL));
  }
  for (const { what, who, after } of commands) {
    if (what === 'edit') upstream.version++;
    else if (what === 'refresh') all[who]!.refresh();
    else if (what === 'restart') await Promise.all([all[who]!.restart(), advance(1)]);
    else if (what === 'lose') store.entries.clear();
    else upstream.isUp = what === 'back';
    await advance(after);
  }
  return { upstream, store, all, advance };
}

const withVirtualTime = async (run: () => Promise<void>) => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  try {
    await run();
  } finally {
    jest.useRealTimers();
  }
};

describe('several instances with one store', () => {
  it('never go back, and have the newest flags that any has seen within two intervals', async () => {
    await fc.assert(
      fc.asyncProperty(history, (given) =>
        withVirtualTime(async () => {
          const { upstream, store, all, advance } = await play(given);
          upstream.isUp = true;
          upstream.isSlow = false;
          store.isWell = true;
          // Requests that were slow have ended, and a store that has failed is tried again.
          await advance(INTERVAL * 2.5);
          const seen = Math.max(...all.map(({ newest }) => newest));
          await advance(TWO_INTERVALS);
          for (const instance of all) expect(await instance.look()).toBeGreaterThanOrEqual(seen);
          expect(all.map(({ newest }) => newest)).toEqual(all.map(() => upstream.version));
          await Promise.all([...all.map((instance) => instance.stop()), advance(1000)]);
        }),
      ),
      { numRuns: 60, interruptAfterTimeLimit: 100_000 },
    );
  });

  it.each([
    ['agree', [0, 0, 0, 0]],
    ['differ by hours', [0, 3_600_000, -3_600_000, 40]],
  ])('have one of them ask for all where their clocks %s', async (_, offsets) => {
    await withVirtualTime(async () => {
      const { upstream, store, all, advance } = await play({ seed: 1, commands: [], offsets });
      upstream.isSlow = false;
      store.isWell = true;
      await advance(INTERVAL * 4);
      const before = upstream.requests;
      await advance(INTERVAL * 20);
      // Each for itself would have asked 80 times.
      expect(upstream.requests - before).toBeLessThan(40);
      upstream.version++;
      await advance(TWO_INTERVALS + 0.25 * INTERVAL);
      expect(all.map(({ newest }) => newest)).toEqual([2, 2, 2, 2]);
      await Promise.all([...all.map((instance) => instance.stop()), advance(1000)]);
    });
  });

  it('keep what one of them has seen when Flagship goes away, and share it with the others', async () => {
    await withVirtualTime(async () => {
      const { upstream, store, all, advance } = await play({ seed: 1, commands: [], offsets: [0, 0, 0, 0] });
      upstream.isSlow = false;
      store.isWell = true;
      await advance(INTERVAL * 4);
      upstream.version++;
      const set = jest.spyOn(store, 'set').mockRejectedValue(new Error('broken'));
      all[2]!.refresh();
      await advance(100);
      expect(all[2]!.newest).toBe(2);
      upstream.isUp = false;
      set.mockRestore();
      await advance(INTERVAL + TWO_INTERVALS);
      expect(all.map(({ newest }) => newest)).toEqual([2, 2, 2, 2]);
      await Promise.all([...all.map((instance) => instance.stop()), advance(1000)]);
    });
  });
});
