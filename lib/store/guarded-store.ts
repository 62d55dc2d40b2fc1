import { LogLimit, messageOf } from '../errors';
import { type CacheStore } from '../options';

/** How long an evaluation waits for the store, in milliseconds. */
const PATIENCE = 50;
/** How long a store that has failed is left alone. */
const REST = 1000;
/** How many writes may be under way: a store that hangs would collect them without end. */
const MAX_WRITES = 1000;

/** Who is told that the store has failed, once, and that it works again. */
export interface StoreListener {
  warn(problem: string): void;
  note(news: string): void;
}

/**
 * A shared store that can do no harm: whatever it throws, swallows or never answers costs a reader 50 ms at most and
 * then nothing, until it is tried again.
 */
export class GuardedStore {
  private restsUntil = 0;
  private failures = 0;
  private isBroken = false;
  private writes = 0;
  private readonly limit = new LogLimit();
  private readonly onGet = ({ key, error }: { key: string; error?: unknown }): void => {
    if (error !== undefined && key.startsWith(this.prefix)) this.fail(messageOf(error));
  };

  /**
   * @param store The user's.
   * @param prefix What our keys begin with.
   */
  constructor(
    private readonly store: CacheStore,
    private readonly prefix: string,
    private readonly listener: StoreListener,
  ) {}

  open(): void {
    // cache-manager answers "nothing there" for a failed read and tells of the failure here only.
    this.store.on?.('get', this.onGet);
  }

  close(): void {
    this.store.off?.('get', this.onGet);
  }

  /** Is it of use to ask now? */
  get isAvailable(): boolean {
    return performance.now() >= this.restsUntil;
  }

  /** What is there; `undefined` when there is nothing, or the store is of no use. Never rejects. */
  async get(key: string, patience = PATIENCE): Promise<unknown> {
    if (!this.isAvailable) return undefined;
    const before = this.failures;
    const value = await this.limited('read', () => this.store.get(`${this.prefix}${key}`), patience);
    if (this.failures === before) this.recover();
    return value ?? undefined;
  }

  /** Writes without anybody waiting for it; left out while the store is of no use. */
  set(key: string, value: string, ttl: number, patience = PATIENCE): void {
    if (!this.isAvailable || this.writes >= MAX_WRITES) return;
    this.writes++;
    const written = async (): Promise<void> => {
      try {
        await this.store.set(`${this.prefix}${key}`, value, ttl);
      } finally {
        this.writes--;
      }
    };
    void this.limited('write', written, patience);
  }

  /** What is stored cannot be what was written there. */
  reportGarbage(problem: string): void {
    const line = this.limit.pass(`The shared store (option "cacheStore") is not believed: ${problem}`);
    if (line !== undefined) this.listener.warn(line);
  }

  private async limited<T>(what: string, task: () => Promise<T>, patience: number): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        this.fail(`it did not finish a ${what} within ${patience} ms.`);
        resolve(undefined);
      }, patience);
    });
    try {
      return await Promise.race([task(), tooLate]);
    } catch (error) {
      this.fail(messageOf(error));
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  private fail(problem: string): void {
    this.failures++;
    this.restsUntil = performance.now() + REST;
    if (this.isBroken) return;
    this.isBroken = true;
    this.listener.warn(
      `The shared store (option "cacheStore") fails and is passed over until it works: ${problem}`,
    );
  }

  private recover(): void {
    if (!this.isBroken) return;
    this.isBroken = false;
    this.listener.note('The shared store (option "cacheStore") works again.');
  }
}
