import { LogLimit, messageOf } from '../errors';
import { type CacheStore } from '../options';

/** How long an evaluation waits for the store, in milliseconds. */
const PATIENCE = 50;
/** How long a store that has failed is left alone. */
const REST = 1000;
/** How many writes may be under way: a store that hangs would collect them without end. */
const MAX_WRITES = 1000;

const TOO_LATE = Symbol('too late');

type Action = 'read' | 'write';

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
  private isLeft = false;
  private restsUntil = 0;
  private failures = 0;
  /** What has failed and not worked since. */
  private readonly broken = new Set<Action>();
  private isTold = false;
  private writes = 0;
  private readonly limit = new LogLimit();
  private readonly onGet = ({ key, error }: { key: string; error?: unknown }): void => {
    if (error !== undefined && key.startsWith(this.prefix)) this.fail('read', messageOf(error));
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
    // Opened twice, it is told once.
    this.close();
    // cache-manager answers "nothing there" for a failed read and tells of the failure here only.
    attempt(() => this.store.on?.('get', this.onGet));
    this.isLeft = false;
  }

  /** Asks no more: its owner may close the store, and some stores would open again for the next question. */
  close(): void {
    this.isLeft = true;
    attempt(() => this.store.off?.('get', this.onGet));
  }

  /** Is it of use to ask now? */
  get isAvailable(): boolean {
    return !this.isLeft && performance.now() >= this.restsUntil;
  }

  /** What is there; `undefined` when there is nothing, or the store is of no use. Never rejects. */
  async get(key: string, patience = PATIENCE): Promise<unknown> {
    if (!this.isAvailable) return undefined;
    const value = await this.limited('read', () => this.store.get(`${this.prefix}${key}`), patience);
    return value ?? undefined;
  }

  /** Writes without making the caller wait; skipped while the store is of no use. */
  set(key: string, value: string, ttlMs: number, patience?: number): void {
    void this.write(key, value, ttlMs, patience);
  }

  /**
   * Writes, and resolves whether the store has said, within the limit, that it is written. Never rejects.
   *
   * @param ttlMs How long the store keeps it, in milliseconds.
   */
  async write(key: string, value: string, ttlMs: number, patience = PATIENCE): Promise<boolean> {
    if (!this.isAvailable || this.writes >= MAX_WRITES) return false;
    this.writes++;
    const written = async (): Promise<boolean> => {
      try {
        await this.store.set(`${this.prefix}${key}`, value, ttlMs);
        return true;
      } finally {
        this.writes--;
      }
    };
    return (await this.limited('write', written, patience)) ?? false;
  }

  /** What is stored cannot be what was written there. */
  reportGarbage(problem: string): void {
    const line = this.limit.pass(`The shared store (option "cacheStore") is not believed: ${problem}`);
    if (line !== undefined) this.listener.warn(line);
  }

  private async limited<T>(action: Action, task: () => Promise<T>, patience: number): Promise<T | undefined> {
    const before = this.failures;
    // Of those who come when a rest is over, one tries.
    if (this.broken.has(action)) this.rest();
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<typeof TOO_LATE>((resolve) => {
      // One turn later: what has arrived while this process was busy with something else is in time.
      timer = setTimeout(() => setImmediate(resolve, TOO_LATE), patience);
    });
    try {
      const result = await Promise.race([task(), tooLate]);
      if (result === TOO_LATE) this.fail(action, `it did not finish a ${action} within ${patience} ms.`);
      else if (this.failures === before) this.recover(action);
      return result === TOO_LATE ? undefined : result;
    } catch (error) {
      this.fail(action, messageOf(error));
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  private rest(): void {
    this.restsUntil = performance.now() + REST;
  }

  private fail(action: Action, problem: string): void {
    this.failures++;
    this.rest();
    const isNews = this.broken.size === 0;
    this.broken.add(action);
    if (!isNews) return;
    const line = this.limit.pass(
      `The shared store (option "cacheStore") fails and is passed over until it works: ${problem}`,
    );
    // One that comes and goes says so once a minute.
    this.isTold = line !== undefined;
    if (line !== undefined) this.listener.warn(line);
  }

  /** What can be read need not be open to writing: it works again when all does that has failed. */
  private recover(action: Action): void {
    if (this.broken.size === 0) return;
    this.restsUntil = 0;
    this.broken.delete(action);
    if (this.broken.size === 0 && this.isTold)
      this.listener.note('The shared store (option "cacheStore") works again.');
  }
}

/** Whether or not the store has this, and whatever becomes of it. */
function attempt(task: () => unknown): void {
  try {
    task();
  } catch {
    // Nothing hangs on it: reads and writes tell for themselves.
  }
}
