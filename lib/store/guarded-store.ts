import { messageOf } from '../errors';
import { type CacheStore } from '../options';
import { callSafely, detached, withTimeLimit } from '../runtime';
import { type StoreAction, StoreHealth, type StoreListener, THE_STORE } from './store-health';
import { deleteFrom, sharedTier } from './store-level';
import { type ProbeListener, TtlProbe } from './ttl-probe';
import { WriteBudget } from './write-budget';

/** How long an evaluation waits for the store. */
const STORE_TIMEOUT_MS = 50;
/** The most entries that are written before the store is known to expire them. */
const MAX_EARLY_WRITES = 16;
/** How long further writes wait for the result of the probe. */
const PROBE_TIMEOUT_MS = 5000;

const REMEDY =
  'Give one that takes it in milliseconds: createCache({ stores: [new Keyv({ store: new KeyvRedis(url) })] }), of cache-manager, keyv and @keyv/redis.';

/** Returns the prefix of all keys of an app. */
export const storePrefix = (namespace: string): string => `nestjs-flagship:${namespace}:`;

/** Returns the prefix of the keys of probes, which are not among the entries of the app. */
const probePrefix = (prefix: string): string =>
  `nestjs-flagship-probe:${prefix.replace(/^nestjs-flagship:/, '')}`;

/**
 * A shared store whose failures have bounded costs. A store that throws, swallows errors or hangs delays a reader by 50
 * ms at most, and is then skipped until it is tried again. A store that does not expire entries in time is not written
 * to.
 */
export class GuardedStore {
  private isDetached = false;
  private readonly health: StoreHealth;
  private readonly level: CacheStore;
  private readonly probe: TtlProbe;
  private readonly budget = new WriteBudget();
  /** Keys of the entries that were written before the probe passed. */
  private readonly earlyWrites = new Set<string>();
  private readonly onGet = (event: unknown): void => {
    callSafely(() => {
      const { key, error } = event as { key: string; error?: unknown };
      if (error !== undefined && key.startsWith(this.prefix)) this.health.fail('read', messageOf(error));
    });
  };

  /**
   * @param store The application's store.
   * @param prefix Prefix of all keys.
   */
  constructor(
    private readonly store: CacheStore,
    private readonly prefix: string,
    listener: StoreListener,
  ) {
    this.health = new StoreHealth(listener);
    this.level = sharedTier(store);
    this.probe = new TtlProbe(this.level, probePrefix(prefix), this.createProbeListener());
  }

  open(): void {
    // A store that is opened twice must not have two listeners.
    this.close();
    // The `get` of cache-manager resolves with undefined when it fails, and reports the error through this event only.
    if (this.level === this.store) callSafely(() => detached(() => this.store.on?.('get', this.onGet)));
    this.isDetached = false;
    this.probe.schedule();
  }

  /** Stops all calls of the store: its owner may close it, and some stores would reconnect at the next call. */
  close(): void {
    this.isDetached = true;
    this.probe.stop();
    if (this.level === this.store) callSafely(() => detached(() => this.store.off?.('get', this.onGet)));
  }

  /** Whether the store can be called now. */
  get isAvailable(): boolean {
    return !this.isDetached && !this.probe.isRefused && !this.health.isCoolingDown;
  }

  /** Resolves with the entry, or with undefined if there is none or the store is not available. Never rejects. */
  async get(key: string, timeoutMs = STORE_TIMEOUT_MS): Promise<unknown> {
    if (!this.isAvailable) return undefined;
    const value = await this.attempt('read', () => this.level.get(`${this.prefix}${key}`), timeoutMs);
    return value ?? undefined;
  }

  /** Writes in the background; does nothing while the store is not available. */
  set(key: string, value: string, ttlMs: number, timeoutMs?: number): void {
    void this.write(key, value, ttlMs, timeoutMs);
  }

  /**
   * Writes an entry. The first few entries are written at once; further ones wait until the store is known to expire
   * entries, which takes part of a second.
   *
   * @param ttlMs How long the store keeps the entry.
   * @returns Whether the store confirmed the write within the time limit. Never rejects.
   */
  async write(key: string, value: string, ttlMs: number, timeoutMs = STORE_TIMEOUT_MS): Promise<boolean> {
    if (!this.isAvailable) return false;
    const release = this.budget.acquire(value.length);
    if (release === undefined) return false;
    if (!this.mayWriteNow(key) && !(await this.waitForProbe())) {
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
    return (await this.attempt('write', written, timeoutMs)) ?? false;
  }

  /** Reports an entry that this package cannot have written. */
  reportCorruptEntry(problem: string): void {
    this.health.reportCorruptEntry(problem);
  }

  /** Whether this entry can be written without waiting for the probe. Starts the probe if it is needed. */
  private mayWriteNow(key: string): boolean {
    if (this.probe.isPassed) return true;
    const isEarly = this.earlyWrites.has(key) || this.earlyWrites.size < MAX_EARLY_WRITES;
    if (isEarly) this.earlyWrites.add(key);
    else this.probe.start();
    this.probe.schedule();
    return isEarly;
  }

  private async waitForProbe(): Promise<boolean> {
    return (await this.probe.waitForResult(PROBE_TIMEOUT_MS)) && this.isAvailable;
  }

  private createProbeListener(): ProbeListener {
    return {
      refused: (problem) => {
        for (const key of this.earlyWrites) deleteFrom(this.level, `${this.prefix}${key}`);
        this.earlyWrites.clear();
        this.health.warn(
          `${THE_STORE} does not expire entries in time and is not used: ${problem}. ${REMEDY}`,
        );
      },
      passed: (wasRefused) => {
        this.earlyWrites.clear();
        if (wasRefused) this.health.info(`${THE_STORE} expires entries after all, if late, and is used.`);
      },
      untested: (problem) => {
        this.health.warn(
          `${THE_STORE} is hardly written to, because it is unknown whether it expires entries in time: ${problem}.`,
        );
      },
    };
  }

  /** Calls the store outside of the application's request: a socket that it opens would keep that request in memory. */
  private async attempt<T>(
    action: StoreAction,
    task: () => T | Promise<T>,
    timeoutMs: number,
  ): Promise<T | undefined> {
    const { health } = this;
    const { failureCount } = health;
    health.startAction(action);
    try {
      const timeoutError = (): Error => new Error(`it did not finish a ${action} within ${timeoutMs} ms.`);
      const wait = action === 'read' ? 'storeRead' : 'storeWrite';
      const result = await detached(() => withTimeLimit(wait, task, timeoutMs, { timeoutError }));
      if (action === 'write' && result === false) health.fail(action, 'it reported that it has not written.');
      else if (health.failureCount === failureCount) health.recover(action);
      return result;
    } catch (error) {
      const problem = messageOf(error);
      if (action !== 'write' || !this.probe.concludeFromError(problem)) health.fail(action, problem);
      return undefined;
    }
  }
}
