import { FlagshipError, FlagshipErrorCode, isErrorOf, messageOf } from '../../errors';
import { outsideRequests } from '../../http';
import { type ResolvedSource } from '../../options';
import { DefinitionsCache } from './definitions-cache';
import { DefinitionsFetcher, type FetchedDefinitions, type HeldDefinitions } from './definitions-fetcher';
import {
  type ContextAttributes,
  type FlagSource,
  type Resolution,
  type SourceListener,
  type SourceStats,
} from '../flag-source';
import { LoadQueue } from '../load-queue';
import { RefreshTimer } from './refresh-timer';
import { ActiveDefinitions } from '../active-definitions';
import { reportMalformed } from '../report-malformed';

type PollingOptions = Extract<ResolvedSource, { kind: 'polling' }>;

/** Where definitions that are put in force come from. */
type Origin = 'Flagship or the shared store' | 'disk';

/** How a load has ended: with flags that are up to date, or with a failure, for which older flags may have made up. */
interface LoadResult {
  readonly isUpToDate: boolean;
  readonly hasFlags: boolean;
  readonly failure?: unknown;
}

/**
 * Evaluates in this process, with definitions that it downloads and keeps fresh.
 *
 * Everything that happens to them is a load, and loads run one at a time ({@link LoadQueue}):
 * 1. Fetches what is new, from the instances that share definitions or from Flagship ({@link DefinitionsFetcher}).
 * 2. Where that fails, takes newer definitions from the shared store or, at the start, those kept on disk.
 * 3. Puts them in force, wherever they come from, in one way (`apply`): reports malformed flags, tells what has changed,
 *    has them kept on disk.
 * 4. Tells whether flags are stale or have recovered, and schedules the next load, whatever has happened before.
 */
export class PollingSource implements FlagSource {
  private readonly feed: DefinitionsFetcher;
  private readonly cache: DefinitionsCache | undefined;
  private readonly accountId: string;
  private readonly timer: RefreshTimer;
  private snapshot: ActiveDefinitions | undefined;
  private held: HeldDefinitions | undefined;
  private isStale = false;
  /** Whether the next load is the one of the start. */
  private isStarting = false;
  private loads: LoadQueue<LoadResult>;
  /** Counts openings and closings: a load that began before one of them changes nothing any more. */
  private generation = 0;

  constructor(
    options: PollingOptions,
    private readonly listener: SourceListener,
  ) {
    const { http, cacheFile, refreshInterval, accountId } = options;
    this.accountId = accountId;
    this.feed = new DefinitionsFetcher(options, listener);
    this.cache =
      cacheFile === undefined
        ? undefined
        : new DefinitionsCache(cacheFile, http.endpoint.href, (problem) => {
            listener.warn(problem);
          });
    this.loads = this.newQueue();
    this.timer = new RefreshTimer(refreshInterval, () => this.loads.request(true));
  }

  /**
   * Loads the definitions. Where that fails, older ones from the shared store or from a kept file take their place;
   * without any the source goes on trying.
   *
   * @throws FlagshipError Why there are no flags yet; `UNAUTHORIZED` when trying again is of no use.
   */
  async open(): Promise<void> {
    this.startGeneration();
    this.isStarting = true;
    this.feed.open();
    this.cache?.open();
    const { hasFlags, failure } = await outsideRequests(() => this.loads.request(true));
    if (!hasFlags) throw failure;
    await this.settle();
  }

  evaluate(flagKey: string, context: ContextAttributes): Resolution {
    if (this.snapshot === undefined) {
      throw new FlagshipError(
        'The definitions have not been loaded yet.',
        FlagshipErrorCode.PROVIDER_NOT_READY,
      );
    }
    return this.snapshot.ruleset.evaluate(flagKey, context);
  }

  /** Asks Flagship itself, whatever other instances have found; after the load under way, if there is one. */
  async refresh(): Promise<boolean> {
    const { isUpToDate } = await outsideRequests(() => this.loads.request(false));
    if (isUpToDate) await this.settle();
    return isUpToDate;
  }

  stats(): SourceStats {
    const { confirmedAt } = this.held ?? {};
    return {
      upstream: this.feed.stats(),
      circuit: undefined,
      definitions: { confirmedAt: confirmedAt === undefined ? undefined : new Date(confirmedAt) },
    };
  }

  detachStore(): void {
    this.feed.detachStore();
  }

  flagKeys(): ReadonlySet<string> | undefined {
    return this.snapshot && new Set(this.snapshot.ruleset.keys);
  }

  async close(): Promise<void> {
    this.startGeneration();
    this.isStarting = false;
    this.timer.stop();
    this.snapshot = undefined;
    this.held = undefined;
    this.isStale = false;
    await Promise.all([this.feed.close(), this.cache?.close()]);
  }

  /** The process may end after a start or a refresh, and other instances may start: what was found is kept by then. */
  private async settle(): Promise<void> {
    await Promise.all([this.cache?.settled(), this.feed.settled()]);
  }

  private startGeneration(): void {
    this.generation++;
    this.loads = this.newQueue();
  }

  private newQueue(): LoadQueue<LoadResult> {
    const { generation } = this;
    return new LoadQueue((mayShare) => this.load(generation, mayShare));
  }

  /** Never rejects. */
  private async load(generation: number, mayShare: boolean): Promise<LoadResult> {
    const isStart = this.isStarting && generation === this.generation;
    if (isStart) this.isStarting = false;
    const hadFlags = this.snapshot !== undefined;
    let failure: unknown;
    try {
      this.expectSame(generation);
      this.timer.stop();
      await this.apply(generation, await this.feed.fetch(this.held, mayShare));
    } catch (error) {
      failure = error ?? new Error('The load has failed.');
    }
    if (generation === this.generation && failure !== undefined)
      await this.fallBack(generation, failure, isStart);
    const hasFlags = this.snapshot !== undefined && generation === this.generation;
    if (generation === this.generation) this.end(failure, isStart, hadFlags);
    return { isUpToDate: failure === undefined, hasFlags, failure };
  }

  /** Tells how the load has ended, and schedules the next one. */
  private end(failure: unknown, isStart: boolean, hadFlags: boolean): void {
    if (failure === undefined) {
      this.timer.schedule(true);
      // A start tells of itself.
      if (!isStart && (!hadFlags || this.isStale)) this.listener.recovered();
      this.isStale = false;
      return;
    }
    if (this.snapshot !== undefined) this.becomeStale(failure);
    // Without flags and with a token that is refused, there is nothing to wait for.
    else if (isRefusal(failure)) {
      if (!isStart) this.listener.failed(messageOf(failure));
      return;
    }
    this.timer.schedule(hadFlags);
  }

  /** Puts definitions in force, wherever they come from; not in a source that was closed meanwhile. */
  private async apply(
    generation: number,
    { held, update }: FetchedDefinitions,
    origin: Origin = 'Flagship or the shared store',
  ): Promise<void> {
    const next = update && (await ActiveDefinitions.compile(update.flags, this.accountId));
    this.expectSame(generation);
    this.held = held;
    if (update === undefined || next === undefined) return;
    const before = this.snapshot;
    this.snapshot = next;
    const changed = next.changedSince(before);
    this.tellMalformed(next, changed);
    if (before !== undefined && changed.length > 0) this.listener.changed(changed);
    if (origin !== 'disk') this.cache?.keep(update.text);
  }

  private expectSame(generation: number): void {
    if (generation === this.generation) return;
    throw new FlagshipError('The source was closed.', FlagshipErrorCode.PROVIDER_NOT_READY);
  }

  /** Once for each version of a flag. */
  private tellMalformed({ ruleset }: ActiveDefinitions, changed: readonly string[]): void {
    const news = new Set(changed);
    const problems = ruleset.malformed.filter(({ flagKey }) => news.has(flagKey));
    reportMalformed(
      problems,
      () => 'it answers PARSE_ERROR',
      (problem) => {
        this.listener.warn(problem);
      },
    );
  }

  private becomeStale(error: unknown): void {
    if (this.isStale) return;
    this.isStale = true;
    this.listener.stale(messageOf(error));
  }

  /** Looks for older definitions that are better than none, or newer than ours. Never rejects. */
  private async fallBack(generation: number, reason: unknown, isStart: boolean): Promise<void> {
    // No store makes up for a token that is refused.
    if (this.snapshot === undefined && isRefusal(reason)) return;
    const isFilled = await this.useShared(generation, reason);
    if (!isFilled && isStart && this.snapshot === undefined) await this.useKept(generation, reason);
  }

  private async useShared(generation: number, reason: unknown): Promise<boolean> {
    try {
      const fetched = await this.feed.lastShared(this.held);
      if (fetched === undefined) return false;
      await this.apply(generation, fetched);
    } catch {
      // Closed meanwhile.
      return false;
    }
    this.listener.warn(
      `Flagship cannot be asked; the definitions in the shared store are used. ${messageOf(reason)}`,
    );
    return true;
  }

  private async useKept(generation: number, reason: unknown): Promise<void> {
    if (this.cache === undefined) return;
    try {
      const flags = await this.cache.read();
      await this.apply(generation, { held: {}, update: { flags, text: '' } }, 'disk');
    } catch (error) {
      if (generation !== this.generation) return;
      this.listener.warn(
        `The kept definitions (option "definitionsCache") cannot be used: ${messageOf(error)}`,
      );
      return;
    }
    this.listener.warn(
      `Flagship cannot be asked; the definitions kept on disk are used. ${messageOf(reason)}`,
    );
  }
}

function isRefusal(error: unknown): boolean {
  return isErrorOf(error, FlagshipError) && error.code === FlagshipErrorCode.UNAUTHORIZED;
}
