import { FlagshipError, FlagshipErrorCode, isErrorOf, messageOf } from '../../errors';
import { type CompiledDefinitions, flagSetMetadata } from '../../evaluation';
import { withActiveSpan } from '../../http';
import { type ResolvedSource } from '../../options';
import { type GuardedStore } from '../../store';
import { type Attributes, type FlagMetadata } from '../../types';
import { ActiveDefinitions, compileInSlices } from '../active-definitions';
import { type FlagSource, type Resolution, type SourceListener, type SourceStats } from '../flag-source';
import { LoadQueue } from '../load-queue';
import { reportMalformed, reportMetadata } from '../report-malformed';
import { DefinitionsFile } from './definitions-file';
import { DefinitionsFetcher, type FetchedDefinitions, type DefinitionsState } from './definitions-fetcher';
import { RefreshTimer } from './refresh-timer';

/** Where definitions come from that are put in force. */
type Origin = 'Flagship' | 'shared store' | 'disk';

/** The result of a load. After a failure there may still be flags: older ones. */
interface LoadResult {
  /** Whether the definitions in force are those that Flagship has now. */
  readonly isUpToDate: boolean;
  /** Whether definitions are in force. */
  readonly hasFlags: boolean;
  readonly failure?: unknown;
}

/**
 * Evaluates in this process, with definitions that it downloads and keeps up to date.
 *
 * Each download, and each replacement for one, is a load. Loads run one at a time ({@link LoadQueue}), in these steps:
 * 1. `DefinitionsFetcher` fetches what is new, from the instances that share a store or from Flagship.
 * 2. If that fails, newer definitions from the shared store take its place or, at the start, those kept on disk.
 * 3. `apply` puts the definitions in force, from wherever they come.
 * 4. `end` reports whether the flags are stale or have recovered, and schedules the next load.
 *
 * Only this class changes the generation, the metadata of the definitions in force, such as their ETag, and whether
 * they are stale.
 */
export class PollingSource implements FlagSource {
  private readonly fetcher: DefinitionsFetcher;
  private readonly file: DefinitionsFile | undefined;
  private readonly accountId: string;
  private readonly flagSetId: string | undefined;
  private readonly timer: RefreshTimer;
  private readonly active: ActiveDefinitions;
  private held: DefinitionsState | undefined;
  /** Whether `stale` of the listener was called, and `recovered` not since. */
  private isStale = false;
  /** Whether the next load is the first one after `open`. */
  private isStarting = false;
  private loads: LoadQueue<LoadResult>;
  /** Counts calls of `open` and `close`: a load that began before one of them changes nothing any more. */
  private generation = 0;

  /** @param store Where the instances of the application share definitions, if they do. */
  constructor(
    { http, cacheFile, refreshInterval, accountId }: Extract<ResolvedSource, { kind: 'polling' }>,
    store: GuardedStore | undefined,
    private readonly listener: SourceListener,
  ) {
    this.accountId = accountId;
    this.flagSetId = http.flagSetId;
    this.active = new ActiveDefinitions(listener);
    this.fetcher = new DefinitionsFetcher(http, refreshInterval, store);
    this.file =
      cacheFile === undefined
        ? undefined
        : new DefinitionsFile(cacheFile, http.endpoint.href, (problem) => {
            listener.warn(problem);
          });
    this.loads = this.newQueue();
    this.timer = new RefreshTimer(refreshInterval, () => this.loads.request(true));
  }

  /**
   * Loads the definitions. If that fails, older ones from the shared store or from the disk take their place; without
   * any the source tries again at growing intervals.
   *
   * @throws FlagshipError Why there are no flags yet; `UNAUTHORIZED` when it does not try again.
   */
  async open(): Promise<void> {
    this.startGeneration();
    this.isStarting = true;
    this.fetcher.open();
    this.file?.open();
    const { hasFlags, failure } = await withActiveSpan(() => this.loads.request(true));
    if (!hasFlags) throw failure;
    await this.untilShared();
  }

  startPolling(): void {
    this.timer.enable();
  }

  evaluate(flagKey: string, context: Attributes): Resolution {
    return this.active.evaluate(flagKey, context);
  }

  metadataOf(flagKey: string): FlagMetadata | undefined {
    return this.active.isLoaded ? this.active.metadataOf(flagKey) : flagSetMetadata(this.flagSetId);
  }

  /**
   * Requests the definitions from Flagship, even if another instance has just done so; after the load under way.
   *
   * @returns Whether the definitions in force are up to date.
   */
  async refresh(): Promise<boolean> {
    const { isUpToDate } = await withActiveSpan(() => this.loads.request(false));
    if (isUpToDate) await this.untilShared();
    return isUpToDate;
  }

  stats(): SourceStats {
    const { confirmedAt, version } = this.held ?? {};
    return {
      flagSetId: this.flagSetId,
      upstream: this.fetcher.stats(),
      definitions: { confirmedAt: confirmedAt === undefined ? undefined : new Date(confirmedAt), version },
    };
  }

  flagKeys(): ReadonlySet<string> | undefined {
    return this.active.keys;
  }

  async close(): Promise<void> {
    this.startGeneration();
    this.isStarting = false;
    this.timer.disable();
    this.active.clear();
    this.held = undefined;
    this.isStale = false;
    await Promise.all([this.fetcher.close(), this.file?.close()]);
  }

  /**
   * Resolves when disk and store have the definitions: the process may end after a start, and other instances start.
   */
  private async untilShared(): Promise<void> {
    await Promise.all([this.file?.untilWritten(), this.fetcher.untilWritten()]);
  }

  private startGeneration(): void {
    this.generation++;
    this.loads = this.newQueue();
  }

  private newQueue(): LoadQueue<LoadResult> {
    const { generation } = this;
    return new LoadQueue((allowsCached) => this.load(generation, allowsCached));
  }

  /** Never rejects. */
  private async load(generation: number, allowsCached: boolean): Promise<LoadResult> {
    const isStart = this.isStarting && generation === this.generation;
    if (isStart) this.isStarting = false;
    const hadFlags = this.active.isLoaded;
    let failure: unknown;
    try {
      this.expectSame(generation);
      this.timer.stop();
      await this.apply(generation, await this.fetcher.fetch(this.held, allowsCached), 'Flagship');
    } catch (error) {
      failure = error ?? new Error('The load has failed.');
    }
    if (generation === this.generation && failure !== undefined)
      await this.fallBack(generation, failure, isStart);
    const hasFlags = this.active.isLoaded && generation === this.generation;
    if (generation === this.generation) this.end(failure, isStart, hadFlags);
    return { isUpToDate: failure === undefined, hasFlags, failure };
  }

  /** Reports how the load has ended, and schedules the next one. */
  private end(failure: unknown, isStart: boolean, hadFlags: boolean): void {
    if (failure === undefined) {
      this.timer.schedule(true);
      // OpenFeature itself reports that a start has succeeded.
      if (!isStart && (!hadFlags || this.isStale)) this.listener.recovered();
      this.isStale = false;
      return;
    }
    if (this.active.isLoaded) this.becomeStale(failure);
    // Without flags and with a token that Flagship refuses, another try would be refused too.
    else if (isUnauthorized(failure)) {
      if (!isStart) this.listener.failed(messageOf(failure));
      return;
    }
    this.timer.schedule(hadFlags);
  }

  /**
   * Puts definitions in force: compiles them, reports changed and malformed flags, and keeps them on disk.
   *
   * @throws FlagshipError When the source was closed meanwhile; nothing has changed then.
   */
  private async apply(
    generation: number,
    { held, update }: FetchedDefinitions,
    origin: Origin,
  ): Promise<void> {
    const flagSet = flagSetMetadata(this.flagSetId, held.version);
    const compiled = update && (await compileInSlices(update.flags, this.accountId, flagSet));
    this.expectSame(generation);
    this.held = held;
    if (update === undefined || compiled === undefined) return;
    const changed = this.active.apply(compiled);
    this.reportProblems(compiled.definitions, changed);
    if (origin !== 'disk') this.file?.keep(update.text, held.version);
  }

  private expectSame(generation: number): void {
    if (generation === this.generation) return;
    throw new FlagshipError('The source was closed.', FlagshipErrorCode.PROVIDER_NOT_READY);
  }

  /** Reports each malformed flag, and dropped metadata, once for each version of the flag. */
  private reportProblems(
    { malformed, metadataProblems }: CompiledDefinitions,
    changed: readonly string[],
  ): void {
    const changedKeys = new Set(changed);
    const isChanged = ({ flagKey }: { readonly flagKey: string }): boolean => changedKeys.has(flagKey);
    const warn = (problem: string): void => {
      this.listener.warn(problem);
    };
    reportMalformed(malformed.filter(isChanged), () => 'it answers PARSE_ERROR', warn);
    reportMetadata(metadataProblems.filter(isChanged), warn);
  }

  private becomeStale(error: unknown): void {
    if (this.isStale) return;
    this.isStale = true;
    this.listener.stale(messageOf(error));
  }

  /**
   * Applies other definitions than Flagship's: newer ones from the shared store, or any at the start. Never rejects.
   */
  private async fallBack(generation: number, reason: unknown, isStart: boolean): Promise<void> {
    // Other definitions would hide a token that Flagship refuses.
    if (!this.active.isLoaded && isUnauthorized(reason)) return;
    const usedShared = await this.useShared(generation, reason);
    if (!usedShared && isStart && !this.active.isLoaded) await this.useKept(generation, reason);
  }

  private async useShared(generation: number, reason: unknown): Promise<boolean> {
    try {
      const fetched = await this.fetcher.lastShared(this.held);
      if (fetched === undefined) return false;
      await this.apply(generation, fetched, 'shared store');
    } catch {
      // The source was closed meanwhile.
      return false;
    }
    this.listener.warn(
      `The download from Flagship has failed; the definitions in the shared store are used. ${messageOf(reason)}`,
    );
    return true;
  }

  private async useKept(generation: number, reason: unknown): Promise<void> {
    if (this.file === undefined) return;
    try {
      const { flags, version } = await this.file.read();
      await this.apply(generation, { held: { version }, update: { flags, text: '' } }, 'disk');
    } catch (error) {
      if (generation !== this.generation) return;
      this.listener.warn(
        `The kept definitions (option "definitionsCache") cannot be used: ${messageOf(error)}`,
      );
      return;
    }
    this.listener.warn(
      `The download from Flagship has failed; the definitions kept on disk are used. ${messageOf(reason)}`,
    );
  }
}

function isUnauthorized(error: unknown): boolean {
  return isErrorOf(error, FlagshipError) && error.code === FlagshipErrorCode.UNAUTHORIZED;
}
