import { randomInt } from 'node:crypto';
import { messageOf } from '../errors';
import { type CacheStore } from '../options';
import { detached } from '../runtime';
import { ProbeEntry, sleep } from './probe-entry';

/** TTL of the first probe. It is four times as long after each probe that could not be read back. */
const TTL_MS = 200;
const MAX_TTL_MS = 12_800;
/**
 * Delay of the first probe after opening, so that it does not run while the store connects and the application starts.
 */
const START_DELAY_MS = 1000;
/** Number of keys of probes, which bounds their number in a store that never expires entries. */
const PROBE_KEYS = 32;
/** The most probes in a row that other instances, which start at the same time, may overwrite. */
const MAX_OVERWRITTEN = 10;
/**
 * The longest random pause after the first overwritten probe, and after later ones, so that instances do not collide
 * again.
 */
const OVERWRITTEN_PAUSE_MS = 500;
const MAX_OVERWRITTEN_PAUSE_MS = 30_000;
/** Pause after the first failed probe; it doubles with each further one. */
const BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 60_000;
/** Number of failed probes after which the listener is called. */
const FAILURES_BEFORE_REPORT = 4;

/** Redis's errors for a command with a number in place of its options, as ioredis sends a TTL argument. */
const TTL_REFUSED = /syntax error|wrong number of arguments|invalid expire/i;

const ttlRefusedProblem = (problem: string): string => `its "set" refuses the time to live (${problem})`;
const TTL_IGNORED_PROBLEM = 'its "set" ignores the time to live, or takes it for seconds';

/** Receives the results of probing. */
export interface ProbeListener {
  /** The store does not expire entries, or refuses a TTL. It must not be used. */
  refused(problem: string): void;
  /** The store expires entries. */
  passed(wasRefused: boolean): void;
  /** Several probes have failed, so that it is unknown whether the store expires entries. */
  untested(problem: string): void;
}

/**
 * Tests whether a store expires entries after a TTL in milliseconds: it writes an entry with a short TTL, reads it
 * back, and watches whether it expires. A store that ignores the TTL, or takes it as seconds, would fill with entries.
 */
export class TtlProbe {
  private state: 'untested' | 'passed' | 'refused' = 'untested';
  private timer: NodeJS.Timeout | undefined;
  private running: AbortController | undefined;
  private failures = 0;
  /** Monotonic time before which no probe starts, after a failed one. */
  private notBefore = 0;
  /** Number of probes that could not be read back. */
  private unreadProbes = 0;
  private readonly waiters = new Set<() => void>();

  /** @param prefix Prefix of the keys of probes. */
  constructor(
    private readonly store: CacheStore,
    private readonly prefix: string,
    private readonly listener: ProbeListener,
  ) {}

  /** Whether a probe has shown that the store expires entries. */
  get isPassed(): boolean {
    return this.state === 'passed';
  }

  /** Whether a probe has shown that the store must not be used, because it refuses or ignores TTLs. */
  get isRefused(): boolean {
    return this.state === 'refused';
  }

  /** Starts a probe after a delay, unless one is scheduled or running, or the result is known. */
  schedule(): void {
    if (this.state !== 'untested' || this.running !== undefined || this.timer !== undefined) return;
    this.timer = detached(() =>
      setTimeout(() => {
        this.start();
      }, START_DELAY_MS),
    );
    this.timer.unref();
  }

  /** Starts a probe now, unless one is running, the result is known, or the last probe has just failed. */
  start(): void {
    this.cancelTimer();
    if (this.state !== 'untested' || this.running !== undefined || performance.now() < this.notBefore) return;
    const running = new AbortController();
    this.running = running;
    void detached(() => this.run(running.signal));
  }

  /** Stops probing: the application may close the store. */
  stop(): void {
    this.cancelTimer();
    this.running?.abort();
    this.running = undefined;
    this.wake();
  }

  /** Waits for a running probe, up to the limit. Returns whether the store is known to expire entries. */
  async waitForResult(limitMs: number): Promise<boolean> {
    if (this.running !== undefined) await this.waitForEnd(limitMs);
    return this.isPassed;
  }

  /**
   * Refuses the store if a write failed because the store does not accept a TTL as its third argument.
   *
   * @returns Whether that was the reason of the failure.
   */
  concludeFromError(problem: string): boolean {
    if (this.state === 'passed' || !TTL_REFUSED.test(problem)) return false;
    this.stop();
    this.conclude('refused', ttlRefusedProblem(problem));
    return true;
  }

  private cancelTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private waitForEnd(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.waiters.delete(wake);
        resolve();
      };
      const timer = detached(() => setTimeout(wake, limitMs));
      timer.unref();
      this.waiters.add(wake);
    });
  }

  private wake(): void {
    for (const wake of this.waiters) wake();
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
        await sleep(randomInt(Math.min(OVERWRITTEN_PAUSE_MS * 2 ** tries, MAX_OVERWRITTEN_PAUSE_MS)), signal);
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
    if (++this.failures === FAILURES_BEFORE_REPORT) this.listener.untested(problem);
  }

  /** Runs one probe. Returns whether it has a result; false if the probe of another instance overwrote it. */
  private async probe(signal: AbortSignal): Promise<boolean> {
    const ttlMs = Math.min(TTL_MS * 4 ** this.unreadProbes, MAX_TTL_MS);
    const entry = new ProbeEntry(this.store, `${this.prefix}${randomInt(PROBE_KEYS)}`, ttlMs, signal);
    await entry.write();
    try {
      if (!(await entry.isReadable())) {
        this.unreadProbes++;
        throw new Error('what is written to it cannot be read back');
      }
      const end = await entry.watch(() => {
        this.conclude('refused', TTL_IGNORED_PROBLEM);
      });
      if (end === 'expired') this.conclude('passed');
      return end !== 'overwritten';
    } finally {
      // A refused store does not expire the probe.
      if (this.isRefused) void entry.remove();
    }
  }
}
