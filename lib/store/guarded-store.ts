import { LogLimit, messageOf } from '../errors';
import { withoutCredentials } from '../logging';
import { type CacheStore } from '../options';
import { callSafely, detached, limited } from '../runtime';
import { deleteFrom, sharedLevel } from './store-level';
import { type ProbeListener, TtlProbe } from './ttl-probe';
import { WriteBudget } from './write-budget';

/** How long an evaluation waits for the store, in milliseconds. */
const STORE_TIMEOUT_MS = 50;
/** How long a store that has failed is left alone. */
const COOLDOWN_MS = 1000;
/** How many entries are written before the store is known to forget in time. */
const MAX_EARLY = 16;
/** How long other writes wait for that, in milliseconds. */
const MAX_PROBE_WAIT_MS = 5000;

const THE_STORE = 'The shared store (option "cacheStore")';
const MEND =
  'Give one that takes it in milliseconds: createCache({ stores: [new Keyv({ store: new KeyvRedis(url) })] }), of cache-manager, keyv and @keyv/redis.';

type Action = 'read' | 'write';

/** Who is told that the store has failed, once, and that it works again. */
export interface StoreListener {
  warn(problem: string): void;
  note(news: string): void;
}

/**
 * A shared store that can do no harm: whatever it throws, swallows or never answers costs a reader 50 ms at most and
 * then nothing, until it is tried again. One that does not forget in time is not written to.
 */
export class GuardedStore {
  private isDetached = false;
  private coolingUntil = 0;
  private failures = 0;
  /** What has failed and not worked since. */
  private readonly broken = new Set<Action>();
  private isReported = false;
  private readonly limit = new LogLimit();
  private readonly level: CacheStore;
  private readonly probe: TtlProbe;
  private readonly budget = new WriteBudget();
  /** What was written before the store was known to forget in time. */
  private readonly early = new Set<string>();
  private readonly onGet = (event: unknown): void => {
    callSafely(() => {
      const { key, error } = event as { key: string; error?: unknown };
      if (error !== undefined && key.startsWith(this.prefix)) this.fail('read', messageOf(error));
    });
  };

  /**
   * @param store The user's.
   * @param prefix What our keys begin with.
   */
  constructor(
    private readonly store: CacheStore,
    private readonly prefix: string,
    private readonly listener: StoreListener,
  ) {
    this.level = sharedLevel(store);
    this.probe = new TtlProbe(this.level, probePrefix(prefix), this.probeListener());
  }

  open(): void {
    // Opened twice, it is told once.
    this.close();
    // cache-manager answers "nothing there" for a failed read and tells of the failure here only.
    if (this.level === this.store) callSafely(() => detached(() => this.store.on?.('get', this.onGet)));
    this.isDetached = false;
    this.probe.schedule();
  }

  /** Asks no more: its owner may close the store, and some stores would open again for the next question. */
  close(): void {
    this.isDetached = true;
    this.probe.stop();
    if (this.level === this.store) callSafely(() => detached(() => this.store.off?.('get', this.onGet)));
  }

  /** Is it of use to ask now? */
  get isAvailable(): boolean {
    return !this.isDetached && !this.probe.isRefused && performance.now() >= this.coolingUntil;
  }

  /** What is there; `undefined` when there is nothing, or the store is of no use. Never rejects. */
  async get(key: string, patience = STORE_TIMEOUT_MS): Promise<unknown> {
    if (!this.isAvailable) return undefined;
    const value = await this.attempt('read', () => this.level.get(`${this.prefix}${key}`), patience);
    return value ?? undefined;
  }

  /** Writes without making the caller wait; skipped while the store is of no use. */
  set(key: string, value: string, ttlMs: number, patience?: number): void {
    void this.write(key, value, ttlMs, patience);
  }

  /**
   * Writes, and resolves whether the store has said, within the limit, that it is written. Never rejects. The first few
   * entries are written at once; others wait until the store is known to forget in time, which takes part of a second.
   *
   * @param ttlMs How long the store keeps it, in milliseconds.
   */
  async write(key: string, value: string, ttlMs: number, patience = STORE_TIMEOUT_MS): Promise<boolean> {
    if (!this.isAvailable) return false;
    const release = this.budget.take(value.length);
    if (release === undefined) return false;
    if (!this.mayWrite(key) && !(await this.isAllowed())) {
      release();
      return false;
    }
    const written = async (): Promise<boolean> => {
      try {
        // Keyv resolves with false when its store has failed.
        return (await this.level.set(`${this.prefix}${key}`, value, ttlMs)) !== false;
      } finally {
        release();
      }
    };
    return (await this.attempt('write', written, patience)) ?? false;
  }

  /** What is stored cannot be what was written there. */
  reportCorruptEntry(problem: string): void {
    const line = this.limit.pass(`${THE_STORE} is not believed: ${problem}`);
    if (line !== undefined) this.warn(line);
  }

  /** Whether this entry need not wait for the probe. */
  private mayWrite(key: string): boolean {
    if (this.probe.isPassed) return true;
    const isEarly = this.early.has(key) || this.early.size < MAX_EARLY;
    if (isEarly) this.early.add(key);
    else this.probe.start();
    this.probe.schedule();
    return isEarly;
  }

  private async isAllowed(): Promise<boolean> {
    return (await this.probe.waitForResult(MAX_PROBE_WAIT_MS)) && this.isAvailable;
  }

  private probeListener(): ProbeListener {
    return {
      refused: (problem) => {
        for (const key of this.early) deleteFrom(this.level, `${this.prefix}${key}`);
        this.early.clear();
        this.warn(`${THE_STORE} does not forget in time and is not used: ${problem}. ${MEND}`);
      },
      passed: (wasRefused) => {
        this.early.clear();
        if (wasRefused) this.note(`${THE_STORE} forgets after all, if late, and is used.`);
      },
      untested: (problem) => {
        this.warn(
          `${THE_STORE} is hardly written to, because it could not be found out whether it forgets in time: ${problem}.`,
        );
      },
    };
  }

  /** Asks the store outside of the request that sets it off: a socket that it opens would keep that request. */
  private async attempt<T>(
    action: Action,
    task: () => T | Promise<T>,
    patience: number,
  ): Promise<T | undefined> {
    const before = this.failures;
    // Of those who come when a rest is over, one tries.
    if (this.broken.has(action)) this.coolDown();
    try {
      const timeoutError = (): Error => new Error(`it did not finish a ${action} within ${patience} ms.`);
      const wait = action === 'read' ? 'storeRead' : 'storeWrite';
      const result = await detached(() => limited(wait, task, patience, { timeoutError }));
      if (action === 'write' && result === false) this.fail(action, 'it says that it has not written.');
      else if (this.failures === before) this.recover(action);
      return result;
    } catch (error) {
      const problem = messageOf(error);
      if (action !== 'write' || !this.probe.concludeFromError(problem)) this.fail(action, problem);
      return undefined;
    }
  }

  private coolDown(): void {
    this.coolingUntil = performance.now() + COOLDOWN_MS;
  }

  private fail(action: Action, problem: string): void {
    this.failures++;
    this.coolDown();
    const isNews = this.broken.size === 0;
    this.broken.add(action);
    if (!isNews) return;
    const line = this.limit.pass(
      `${THE_STORE} fails and is passed over until it works: ${withoutCredentials(problem)}`,
    );
    // One that comes and goes says so once a minute.
    this.isReported = line !== undefined;
    if (line !== undefined) this.warn(line);
  }

  /** What can be read need not be open to writing: it works again when all does that has failed. */
  private recover(action: Action): void {
    if (this.broken.size === 0) return;
    this.coolingUntil = 0;
    this.broken.delete(action);
    if (this.broken.size === 0 && this.isReported) this.note(`${THE_STORE} works again.`);
  }

  private warn(problem: string): void {
    callSafely(() => {
      this.listener.warn(problem);
    });
  }

  private note(news: string): void {
    callSafely(() => {
      this.listener.note(news);
    });
  }
}

/**
 * What the names of probes begin with. They are no entries, so they do not stand among the entries of the app.
 *
 * @param prefix What the app's keys begin with.
 */
const probePrefix = (prefix: string): string =>
  `nestjs-flagship-probe:${prefix.replace(/^nestjs-flagship:/, '')}`;
