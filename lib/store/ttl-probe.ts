import { randomInt, randomUUID } from 'node:crypto';
import { messageOf } from '../errors';
import { type CacheStore } from '../options';
import { detached, limited } from '../runtime';
import { deleteFrom } from './store-level';

/** How long the store is told to keep a probe, in milliseconds; four times as long after one that was never seen. */
const TTL_MS = 200;
const MAX_TTL_MS = 12_800;
/** How long after opening a store is tried, in milliseconds: not while it connects, nor while the application starts. */
const DELAY_MS = 1000;
/** When a probe that has just been written is looked for, after the last look, in milliseconds: replicas may lag. */
const READS_MS = [0, 40, 80] as const;
/** How much longer than asked a store may keep a probe before it is no longer used: some know seconds only. */
const SUSPECT_MS = 2000;
/** How long a probe is watched, because some stores have a minimum of a minute. A TTL taken for seconds lasts longer. */
const WATCH_MS = 75_000;
/** A probe is no part of an evaluation, and comes when the store may still be connecting. */
const LIMIT_MS = 2000;
/** How many names probes have, so that they cannot pile up in a store that keeps everything. */
const NAMES = 32;
/** How many probes in a row may be overwritten by those of other instances that start at the same time. */
const MAX_OVERWRITTEN = 10;
/** How long the second probe waits at most, and the last ones, so that those of many instances do not keep meeting. */
const [RETRY_MS, MAX_RETRY_MS] = [500, 30_000] as const;
const BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 60_000;
/** After so many failed probes the listener is told. */
const FAILURES_TOLD = 4;

/** What Redis says to a command that has a plain number in the place of its options. */
const REFUSES_TTL = /syntax error|wrong number of arguments|invalid expire/i;

/** What becomes of probing. */
export interface ProbeListener {
  /** The store keeps what it should forget, or refuses to be told how long to keep it: it must not be used. */
  refused(problem: string): void;
  /** The store forgets in time. */
  passed(wasRefused: boolean): void;
  /** The store could not be tried, several times. */
  untested(problem: string): void;
}

/**
 * Finds out whether a store forgets what it was told to keep for a time in milliseconds: writes an entry with a short
 * time to live, sees that it is there, and looks whether it goes. A store that ignores the time, or takes it for
 * seconds, would fill with entries that stay.
 */
export class TtlProbe {
  private state: 'untested' | 'passed' | 'refused' = 'untested';
  private timer: NodeJS.Timeout | undefined;
  private running: AbortController | undefined;
  private failures = 0;
  private notBefore = 0;
  private unseen = 0;
  private readonly waiting = new Set<() => void>();

  /** @param prefix What the names of probes begin with. */
  constructor(
    private readonly store: CacheStore,
    private readonly prefix: string,
    private readonly listener: ProbeListener,
  ) {}

  get isPassed(): boolean {
    return this.state === 'passed';
  }

  get isRefused(): boolean {
    return this.state === 'refused';
  }

  /** Begins to probe a little later, unless that is under way or done. */
  schedule(): void {
    if (this.state !== 'untested' || this.running !== undefined || this.timer !== undefined) return;
    this.timer = detached(() =>
      setTimeout(() => {
        this.start();
      }, DELAY_MS),
    );
    this.timer.unref();
  }

  /** Begins to probe now, unless that is under way, done, or has failed a moment ago. */
  start(): void {
    this.cancelTimer();
    if (this.state !== 'untested' || this.running !== undefined || performance.now() < this.notBefore) return;
    const running = new AbortController();
    this.running = running;
    void detached(() => this.run(running.signal));
  }

  /** Stops probing, because the store may be closed from now on. */
  stop(): void {
    this.cancelTimer();
    this.running?.abort();
    this.running = undefined;
    this.wake();
  }

  /** Resolves whether the store forgets in time, as far as that is known when probing ends or the limit is reached. */
  async waitForResult(limitMs: number): Promise<boolean> {
    if (this.running !== undefined) await this.end(limitMs);
    return this.isPassed;
  }

  /**
   * Ends probing where a write has failed because the store does not take a TTL as its third argument.
   *
   * @returns Whether that is why it has failed.
   */
  concludeFromError(problem: string): boolean {
    if (this.state === 'passed' || !REFUSES_TTL.test(problem)) return false;
    this.stop();
    this.conclude('refused', refusal(problem));
    return true;
  }

  private cancelTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private end(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve();
      };
      const timer = detached(() => setTimeout(wake, limitMs));
      timer.unref();
      this.waiting.add(wake);
    });
  }

  private wake(): void {
    for (const wake of this.waiting) wake();
  }

  private conclude(state: 'passed' | 'refused', problem = ''): void {
    const { state: before } = this;
    this.state = state;
    if (state === 'passed') this.listener.passed(before === 'refused');
    else if (before !== 'refused') this.listener.refused(problem);
    this.wake();
  }

  private async run(signal: AbortSignal): Promise<void> {
    try {
      for (let tries = 0; tries < MAX_OVERWRITTEN && !(await this.probe(signal)); tries++)
        await sleep(randomInt(Math.min(RETRY_MS * 2 ** tries, MAX_RETRY_MS)), signal);
      this.failures = 0;
    } catch (error) {
      if (!signal.aborted) this.fail(messageOf(error));
    } finally {
      if (!signal.aborted) this.running = undefined;
      this.wake();
    }
  }

  private fail(problem: string): void {
    if (this.concludeFromError(problem)) return;
    this.notBefore = performance.now() + Math.min(BACKOFF_MS * 2 ** this.failures, MAX_BACKOFF_MS);
    if (++this.failures === FAILURES_TOLD) this.listener.untested(problem);
  }

  /** @returns Whether the probe has said anything: another instance's may have taken its place. */
  private async probe(signal: AbortSignal): Promise<boolean> {
    const key = `${this.prefix}${randomInt(NAMES)}`;
    const value = randomUUID();
    const ttlMs = Math.min(TTL_MS * 4 ** this.unseen, MAX_TTL_MS);
    await limited('storeWrite', () => this.store.set(key, value, ttlMs), LIMIT_MS, { signal });
    try {
      await this.expectSeen(key, value, signal);
      return await this.watch(key, value, ttlMs, signal);
    } finally {
      // Nothing else would remove it.
      if (this.isRefused) void this.remove(key, value);
    }
  }

  /** Deletes the probe, but not that of another instance in its place: that one would take it for forgotten. */
  private async remove(key: string, value: string): Promise<void> {
    try {
      const found = await limited('storeRead', () => this.store.get(key), LIMIT_MS);
      if (found === value) deleteFrom(this.store, key);
    } catch {
      // It stays, and the next probe of this name takes its place.
    }
  }

  private async watch(key: string, value: string, ttlMs: number, signal: AbortSignal): Promise<boolean> {
    // Timers are never early, so what is found after the pauses is at least that old.
    for (let ageMs = 1.5 * ttlMs, pauseMs = ageMs; ; pauseMs = ageMs, ageMs *= 2) {
      await sleep(pauseMs, signal);
      const found = (await this.read(key, signal)) ?? undefined;
      if (found === undefined) {
        this.conclude('passed');
        return true;
      }
      if (found !== value) return false;
      if (ageMs >= ttlMs + SUSPECT_MS) this.conclude('refused', IGNORES_TTL);
      if (ageMs >= WATCH_MS) return true;
    }
  }

  /** Sees the probe in the store: only what was there can be forgotten. */
  private async expectSeen(key: string, value: string, signal: AbortSignal): Promise<void> {
    for (const pauseMs of READS_MS) {
      if (pauseMs > 0) await sleep(pauseMs, signal);
      if ((await this.read(key, signal)) === value) return;
    }
    this.unseen++;
    throw new Error('what is written to it cannot be read back');
  }

  private read(key: string, signal: AbortSignal): Promise<unknown> {
    return limited('storeRead', () => this.store.get(key), LIMIT_MS, { signal });
  }
}

const refusal = (problem: string): string => `its "set" refuses the time to live (${problem})`;
const IGNORES_TTL = 'its "set" ignores the time to live, or takes it for seconds';

/** Waits outside of what keeps a process alive. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    timer.unref();
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
