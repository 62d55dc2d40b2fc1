import {
  type FlagshipError,
  FlagshipErrorCode,
  isErrorOf,
  UnavailableError,
  DefinitiveError,
} from '../errors';
import { detachedInTrace } from '../http';
import { type FlagType, flagTypeOf, type JsonValue, type ResolvedCache } from '../options';
import { detached } from '../runtime';
import { type FlagSource, type Resolution } from '../sources';
import { type SharedCache, type SharedResolution, type WriteShared } from './shared-cache';
import { type Attributes } from './context-key';
import { copyValue } from './copy-value';
import { SingleFlight } from './single-flight';
import { type CacheKey, cacheKey, type CachedResolution, MemoryCache } from './memory-cache';
import { copyContext } from './settled-context';

/** How often an answer did not need a request of its own. */
export interface CacheCounts {
  memory: number;
  store: number;
  shared: number;
}

/** One evaluation on its way. */
interface PendingEvaluation {
  readonly question: CacheKey;
  readonly context: Attributes;
  readonly defaultValue: unknown;
  /** The answer for the case that no fresh one can be had. */
  readonly stale: CachedResolution | undefined;
}

/** Answers from memory, from the shared store, or from the source, which is asked once for many and only so often. */
export class CachingSource {
  readonly counts: CacheCounts = { memory: 0, store: 0, shared: 0 };

  private readonly memory: MemoryCache | undefined;
  private readonly flights = new SingleFlight<Resolution>();
  private readonly tooManyError: UnavailableError;
  /** Counts closings: an answer that arrives after one belongs to nobody. */
  private generation = 0;

  /**
   * @param maxConcurrent How many questions may be under way.
   * @param shared Where instances share answers, if they do.
   */
  constructor(
    private readonly source: FlagSource,
    private readonly options: ResolvedCache,
    private readonly maxConcurrent: number,
    private readonly shared: SharedCache | undefined,
  ) {
    const { ttl, negativeTtl, maxSize, maxBytes, staleTtl } = options;
    this.memory = ttl > 0 || negativeTtl > 0 ? new MemoryCache(maxSize, maxBytes, staleTtl > 0) : undefined;
    this.tooManyError = new UnavailableError(
      `${maxConcurrent} evaluations are under way already (option "maxConcurrent").`,
      FlagshipErrorCode.GENERAL,
    );
  }

  /** How many answers are in memory. */
  get size(): number {
    return this.memory?.size ?? 0;
  }

  /** The answer that is fresh in memory. */
  fresh(flagKey: string, type: FlagType, context: Attributes): CachedResolution | undefined {
    const hit = this.memory?.get(flagKey, type, context);
    if (hit !== undefined) this.counts.memory++;
    return hit;
  }

  /**
   * The answer that is not fresh in memory.
   *
   * @throws FlagshipError When there is none, not even an old one.
   */
  evaluate(flagKey: string, type: FlagType, context: Attributes, defaultValue: unknown): Promise<Resolution> {
    const question = cacheKey(flagKey, type, context);
    const stale = this.memory?.stale(question, context);
    const flight = this.flights.join(question, context);
    if (stale !== undefined && this.options.revalidates) {
      if (flight === undefined) this.revalidate({ question, context, defaultValue, stale });
      return Promise.resolve(asStale(stale));
    }
    if (flight !== undefined) {
      this.counts.shared++;
      return flight;
    }
    if (this.flights.size >= this.maxConcurrent)
      return stale === undefined ? Promise.reject(this.tooManyError) : Promise.resolve(asStale(stale));
    // Others may join it, so it runs outside of the request that comes first.
    const landing = detachedInTrace(() => this.find({ question, context, defaultValue, stale }));
    return this.flights.start(question, landing);
  }

  open(): void {
    this.shared?.open();
  }

  /** Leaves the shared store to its owner. */
  detachStore(): void {
    this.shared?.close();
  }

  close(): void {
    this.generation++;
    this.memory?.clear();
    this.flights.clear();
    this.detachStore();
  }

  private find(asking: PendingEvaluation): Promise<Resolution> {
    const { shared } = this;
    return shared === undefined
      ? this.fetch(asking, undefined)
      : this.findShared({ ...asking, context: copyContext(asking.context) }, shared);
  }

  private async findShared(asking: PendingEvaluation, shared: SharedCache): Promise<Resolution> {
    const { question, context } = asking;
    const { generation } = this;
    const place = shared.entryFor(question, context);
    const { write } = place;
    const found = await place.read();
    if (found === undefined || generation !== this.generation) return this.fetch(asking, write);
    const answer: CachedResolution = {
      value: found.value,
      variant: found.variant,
      reason: 'CACHED',
      notFound: undefined,
    };
    if (this.rememberShared(asking, answer, found)) return answer;
    const withStale: PendingEvaluation = { ...asking, stale: asking.stale ?? answer };
    // Who revalidates has its stale answer already.
    if (!this.options.revalidates || asking.stale !== undefined) return this.fetch(withStale, write);
    this.fetchInBackground(question, () => this.fetch(withStale, write));
    return asStale(answer);
  }

  /** True when the shared answer is fresh; a stale one is remembered as what it is, where there is none. */
  private rememberShared(
    { question, stale }: PendingEvaluation,
    answer: CachedResolution,
    { age }: SharedResolution,
  ): boolean {
    const { ttl, staleTtl } = this.options;
    const isFresh = age < ttl;
    if (isFresh) this.counts.store++;
    if (isFresh || stale === undefined)
      this.memory?.set(question, answer, Math.max(0, ttl - age), ttl + staleTtl - age);
    return isFresh;
  }

  /** Asks behind an answer that has been given; a failure leaves everything as it is. */
  private revalidate(asking: PendingEvaluation): void {
    if (this.flights.size < this.maxConcurrent)
      this.fetchInBackground(asking.question, () => this.find(asking));
  }

  /** Asks for the next callers, so outside of the request and the trace that set it off. Never throws. */
  private fetchInBackground(question: CacheKey, find: () => Promise<Resolution>): void {
    void this.flights.start(
      question,
      detached(async () => await find()),
    );
  }

  private async fetch(asking: PendingEvaluation, write: WriteShared | undefined): Promise<Resolution> {
    const { question, context, defaultValue, stale } = asking;
    const { generation } = this;
    try {
      const { flagKey, type } = question;
      const resolution = await this.source.evaluate(flagKey, context, type, defaultValue);
      // Also finds out whether the value can be copied for those who ask later.
      const value = copyValue(resolution.value);
      if (generation === this.generation) this.keep(question, resolution, value, write);
      return resolution;
    } catch (error) {
      if (generation !== this.generation) throw error;
      if (isErrorOf(error, DefinitiveError)) {
        this.forget(question, write);
        this.rememberMissing(question, error);
      } else if (stale !== undefined) {
        return asStale(stale);
      }
      throw error;
    }
  }

  private keep(
    question: CacheKey,
    { variant, reason }: Resolution,
    value: JsonValue,
    write: WriteShared | undefined,
  ): void {
    const { ttl, staleTtl } = this.options;
    if (ttl === 0) return;
    if (reason === 'DISABLED' || flagTypeOf(value) !== question.type) {
      this.forget(question, write);
      return;
    }
    this.memory?.set(
      question,
      { value, variant, reason: 'CACHED', notFound: undefined },
      ttl,
      ttl + staleTtl,
    );
    write?.(value, variant);
  }

  /** An older answer would be wrong now, in memory and for the other instances. */
  private forget(question: CacheKey, write: WriteShared | undefined): void {
    this.memory?.delete(question);
    write?.(undefined);
  }

  private rememberMissing(question: CacheKey, error: FlagshipError): void {
    const { negativeTtl } = this.options;
    if (negativeTtl === 0 || error.code !== FlagshipErrorCode.FLAG_NOT_FOUND) return;
    const missing: CachedResolution = { value: null, variant: undefined, reason: 'CACHED', notFound: error };
    this.memory?.set(question, missing, negativeTtl, negativeTtl);
  }
}

function asStale({ value, variant }: CachedResolution): Resolution {
  return { value, variant, reason: 'STALE' };
}
