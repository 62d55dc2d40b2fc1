import {
  DefinitiveError,
  type FlagshipError,
  FlagshipErrorCode,
  isErrorOf,
  UnavailableError,
} from '../errors';
import { withTraceOnly } from '../http';
import { type FlagType, flagTypeOf, type JsonValue, type ResolvedCache } from '../options';
import { detached, droppedAfterMs } from '../runtime';
import { type FlagSource, type Resolution, type SourceStats } from '../sources';
import { type Attributes, copyContext, type FlagMetadata } from '../types';
import { copyValue } from './copy-value';
import { type CachedResolution, type CacheKey, cacheKey, MemoryCache } from './memory-cache';
import { type SharedCache, type SharedResolution, type WriteShared } from './shared-cache';
import { SingleFlight } from './single-flight';

/** More than the calls to the shared store add to an evaluation, in milliseconds. */
const STORE_MS = 1000;

/** An evaluation that is under way. */
interface PendingEvaluation {
  readonly key: CacheKey;
  readonly context: Attributes;
  readonly defaultValue: unknown;
  /** The resolution to serve if the source fails. */
  readonly stale: CachedResolution | undefined;
}

/**
 * Caches the resolutions of another `FlagSource`. An evaluation ends at the first of these steps that has a resolution:
 * 1. Memory has a fresh one, or a cached `FLAG_NOT_FOUND`.
 * 2. Memory has a stale one and `staleWhileRevalidate` is on; a fresh one is fetched in the background.
 * 3. An evaluation of the same flag, type and context is under way (single flight): it serves both.
 * 4. The shared store has a fresh one, or a stale one as in 2.
 * 5. The cached source evaluates the flag, for at most `maxConcurrent` evaluations at a time.
 * 6. The source failed, and memory or store has a stale one.
 */
export class CachingSource implements FlagSource {
  private readonly memory: MemoryCache | undefined;
  private readonly flights: SingleFlight<Resolution>;
  private readonly counts = { memory: 0, store: 0, joined: 0 };
  private readonly tooManyError: UnavailableError;
  /** Counts calls of `close`: a resolution that arrives after one is not kept. */
  private generation = 0;

  /**
   * @param source The source whose resolutions are cached.
   * @param maxConcurrent How many evaluations may be under way.
   * @param maxEvaluationMs The longest time of an evaluation by the source, in milliseconds.
   * @param shared Where the instances of the application share resolutions, if they do.
   */
  constructor(
    private readonly source: FlagSource,
    private readonly options: ResolvedCache,
    private readonly maxConcurrent: number,
    maxEvaluationMs: number,
    private readonly shared: SharedCache | undefined,
  ) {
    this.flights = new SingleFlight(droppedAfterMs(maxEvaluationMs) + STORE_MS);
    const { ttl, negativeTtl, maxSize, maxBytes, staleTtl } = options;
    this.memory = ttl > 0 || negativeTtl > 0 ? new MemoryCache(maxSize, maxBytes, staleTtl > 0) : undefined;
    this.tooManyError = new UnavailableError(
      `${maxConcurrent} evaluations are under way already (option "maxConcurrent").`,
      FlagshipErrorCode.GENERAL,
    );
  }

  async open(): Promise<void> {
    await this.source.open?.();
  }

  startPolling(): void {
    this.source.startPolling?.();
  }

  async refresh(): Promise<boolean> {
    return (await this.source.refresh?.()) ?? true;
  }

  metadataOf(flagKey: string): FlagMetadata | undefined {
    return this.source.metadataOf?.(flagKey);
  }

  flagKeys(): ReadonlySet<string> | undefined {
    return this.source.flagKeys?.();
  }

  stats(): SourceStats {
    const { memory, store, joined } = this.counts;
    const cache = { memory, store, shared: joined, size: this.memory?.size ?? 0 };
    return { ...this.source.stats?.(), cache };
  }

  evaluate(
    flagKey: string,
    context: Attributes,
    type: FlagType,
    defaultValue: unknown,
  ): Resolution | Promise<Resolution> {
    const fresh = this.memory?.get(flagKey, type, context);
    if (fresh === undefined) return this.evaluateAnew(flagKey, context, type, defaultValue);
    this.counts.memory++;
    if (fresh.notFound !== undefined) throw fresh.notFound;
    return fresh;
  }

  async close(): Promise<void> {
    this.generation++;
    this.memory?.clear();
    this.flights.clear();
    await this.source.close?.();
  }

  private evaluateAnew(
    flagKey: string,
    context: Attributes,
    type: FlagType,
    defaultValue: unknown,
  ): Resolution | Promise<Resolution> {
    const key = cacheKey(flagKey, type, context);
    const stale = this.memory?.stale(key, context);
    if (stale !== undefined && this.options.staleWhileRevalidate) {
      if (!this.flights.has(key, context)) this.revalidate({ key, context, defaultValue, stale });
      return asStale(stale);
    }
    const flight = this.flights.join(key, context, () =>
      this.evaluateAnew(flagKey, context, type, defaultValue),
    );
    if (flight !== undefined) {
      this.counts.joined++;
      return flight;
    }
    if (this.flights.isFull(this.maxConcurrent)) {
      if (stale === undefined) throw this.tooManyError;
      return asStale(stale);
    }
    // Later callers may join it, so it runs outside of the request that comes first.
    return this.flights.start(
      key,
      withTraceOnly(() => this.find({ key, context, defaultValue, stale })),
    );
  }

  private find(evaluation: PendingEvaluation): Promise<Resolution> {
    const { shared } = this;
    // The caller may change the context while the store is read.
    return shared === undefined
      ? this.fetch(evaluation, undefined)
      : this.findShared({ ...evaluation, context: copyContext(evaluation.context) }, shared);
  }

  private async findShared(evaluation: PendingEvaluation, shared: SharedCache): Promise<Resolution> {
    const { key, context } = evaluation;
    const { generation } = this;
    const entry = shared.entryFor(key, context);
    const { write } = entry;
    const found = await entry.read();
    if (found === undefined || generation !== this.generation) return this.fetch(evaluation, write);
    const resolution: CachedResolution = {
      value: found.value,
      variant: found.variant,
      reason: 'CACHED',
      metadata: found.metadata,
      notFound: undefined,
    };
    if (this.keepShared(evaluation, resolution, found)) return resolution;
    const withStale: PendingEvaluation = { ...evaluation, stale: evaluation.stale ?? resolution };
    // A caller that revalidates has received its stale resolution already.
    if (!this.options.staleWhileRevalidate || evaluation.stale !== undefined)
      return this.fetch(withStale, write);
    this.fetchInBackground(key, () => this.fetch(withStale, write));
    return asStale(resolution);
  }

  /**
   * Keeps a resolution of the shared store in memory; a stale one only if memory has none. Returns whether it is fresh.
   */
  private keepShared(
    { key, stale }: PendingEvaluation,
    resolution: CachedResolution,
    { ageMs }: SharedResolution,
  ): boolean {
    const { ttl, staleTtl } = this.options;
    const isFresh = ageMs < ttl;
    if (isFresh) this.counts.store++;
    if (isFresh || stale === undefined)
      this.memory?.set(key, resolution, Math.max(0, ttl - ageMs), ttl + staleTtl - ageMs);
    return isFresh;
  }

  /** Fetches a fresh resolution in the background; if that fails, the stale one stays. */
  private revalidate(evaluation: PendingEvaluation): void {
    if (!this.flights.isFull(this.maxConcurrent))
      this.fetchInBackground(evaluation.key, () => this.find(evaluation));
  }

  /** Fetches for later callers, so outside of the request and of the trace that cause it. Never throws. */
  private fetchInBackground(key: CacheKey, find: () => Promise<Resolution>): void {
    void this.flights.start(
      key,
      detached(async () => await find()),
    );
  }

  private async fetch(evaluation: PendingEvaluation, write: WriteShared | undefined): Promise<Resolution> {
    const { key, context, defaultValue, stale } = evaluation;
    const { generation } = this;
    try {
      const resolution = await this.source.evaluate(key.flagKey, context, key.type, defaultValue);
      // A value that cannot be copied for later callers fails here.
      const value = copyValue(resolution.value);
      if (generation === this.generation) this.keep(key, resolution, value, write);
      return resolution;
    } catch (error) {
      if (generation !== this.generation) throw error;
      if (isErrorOf(error, DefinitiveError)) {
        this.drop(key, write);
        this.keepNotFound(key, error);
      } else if (stale !== undefined) {
        return asStale(stale);
      }
      throw error;
    }
  }

  private keep(
    key: CacheKey,
    { variant, reason, metadata }: Resolution,
    value: JsonValue,
    write: WriteShared | undefined,
  ): void {
    const { ttl, staleTtl } = this.options;
    if (ttl === 0) return;
    if (reason === 'DISABLED' || flagTypeOf(value) !== key.type) {
      this.drop(key, write);
      return;
    }
    const entry: CachedResolution = { value, variant, reason: 'CACHED', metadata, notFound: undefined };
    this.memory?.set(key, entry, ttl, ttl + staleTtl);
    write?.(entry);
  }

  /** Drops an older resolution, which is wrong now, from memory and for the other instances. */
  private drop(key: CacheKey, write: WriteShared | undefined): void {
    this.memory?.delete(key);
    write?.(undefined);
  }

  private keepNotFound(key: CacheKey, error: FlagshipError): void {
    const { negativeTtl } = this.options;
    if (negativeTtl === 0 || error.code !== FlagshipErrorCode.FLAG_NOT_FOUND) return;
    const entry: CachedResolution = { value: null, variant: undefined, reason: 'CACHED', notFound: error };
    this.memory?.set(key, entry, negativeTtl, negativeTtl);
  }
}

function asStale({ value, variant, metadata }: CachedResolution): Resolution {
  return { value, variant, reason: 'STALE', metadata };
}
