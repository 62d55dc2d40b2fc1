import { LogLimit, withoutCredentials } from '../logging';
import { callSafely } from '../runtime';

/** How long a failed store is not used, before one caller tries it again. */
const COOLDOWN_MS = 1000;

/** The store, as messages name it. */
export const THE_STORE = 'The shared store (option "cacheStore")';

export type StoreAction = 'read' | 'write';

/** Receives the messages about the store. What it throws is dropped. */
export interface StoreListener {
  /** The store does not work. */
  warn(problem: string): void;
  /** The store works again. */
  info(message: string): void;
}

/** Whether a store can be used, and the reports about it: one for a failure, one for the recovery. */
export class StoreHealth {
  private cooldownEndsAt = 0;
  private failures = 0;
  /** The actions that have failed and not succeeded since. */
  private readonly failing = new Set<StoreAction>();
  /** Whether the current failure was reported, so that its end is reported as well. */
  private isReported = false;
  private readonly limit = new LogLimit();

  constructor(private readonly listener: StoreListener) {}

  get isCoolingDown(): boolean {
    return performance.now() < this.cooldownEndsAt;
  }

  /** Number of failures so far. */
  get failureCount(): number {
    return this.failures;
  }

  /** Starts an action. If it failed last time, other callers wait for another cooldown while this one tries. */
  startAction(action: StoreAction): void {
    if (this.failing.has(action)) this.coolDown();
  }

  fail(action: StoreAction, problem: string): void {
    this.failures++;
    this.coolDown();
    const wasHealthy = this.failing.size === 0;
    this.failing.add(action);
    if (!wasHealthy) return;
    const line = this.limit.admit(
      `${THE_STORE} fails and is skipped until it works again: ${withoutCredentials(problem)}`,
    );
    // A store that keeps failing and recovering is reported once a minute.
    this.isReported = line !== undefined;
    if (line !== undefined) this.warn(line);
  }

  /**
   * Records that an action succeeded. The store is healthy when all actions have succeeded again: it may be read-only.
   */
  recover(action: StoreAction): void {
    if (this.failing.size === 0) return;
    this.cooldownEndsAt = 0;
    this.failing.delete(action);
    if (this.failing.size === 0 && this.isReported) this.info(`${THE_STORE} works again.`);
  }

  /** Reports an entry that this package cannot have written. */
  reportCorruptEntry(problem: string): void {
    const line = this.limit.admit(`${THE_STORE} holds an unexpected entry, which is ignored: ${problem}`);
    if (line !== undefined) this.warn(line);
  }

  warn(problem: string): void {
    callSafely(() => {
      this.listener.warn(problem);
    });
  }

  info(message: string): void {
    callSafely(() => {
      this.listener.info(message);
    });
  }

  private coolDown(): void {
    this.cooldownEndsAt = performance.now() + COOLDOWN_MS;
  }
}
