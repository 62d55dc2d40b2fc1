import { type CircuitStats, type DefinitionsStats, type SourceStats } from '../sources';
import { type UpstreamStats } from '../http';
import { ownCopy } from '../types';

/**
 * Statistics of a provider since it was created. Each call returns a new object, which does not change.
 *
 * @example
 * const { evaluations, errors, hits, upstream, circuit } = provider.stats();
 */
export interface FlagshipStats {
  /**
   * Number of evaluations, wherever their values came from; in `FlagService.stats()` including `hits.request`.
   * Evaluations before the provider is ready are not counted.
   */
  readonly evaluations: number;
  /** Number of evaluations that returned the default value with an error code. */
  readonly errors: number;
  /** Number of evaluations that sent no request and waited for none, by where their resolution was found. */
  readonly hits: {
    /**
     * Found among the results of the same request or `withContext`. `FlagService` counts these; `0` for a bare
     * provider.
     */
    readonly request: number;
    /** Found in the memory of this instance. */
    readonly memory: number;
    /** Found in the store that several instances share (option `cacheStore`). */
    readonly store: number;
  };
  /** Number of evaluations that returned a stale value, with the reason `STALE`. */
  readonly stale: number;
  /** Number of evaluations that waited for the resolution of an equal one under way (single flight). */
  readonly shared: number;
  /** Number of resolutions in memory now. */
  readonly cached: number;
  /** ID of the app, as answers carry it in their metadata; undefined where the options do not name the app. */
  readonly flagSetId: string | undefined;
  /** Requests to Flagship; undefined for a source without HTTP. */
  readonly upstream: UpstreamStats | undefined;
  /** The circuit breaker; undefined where there is none, and before the provider's start. */
  readonly circuit: CircuitStats | undefined;
  /** The downloaded definitions in force; undefined without `localEvaluation`. */
  readonly definitions: DefinitionsStats | undefined;
}

/** The counters of the provider itself. */
export class EvaluationCounts {
  evaluations = 0;
  errors = 0;
  stale = 0;

  /** Returns the counters together with those of the source. */
  stats({ flagSetId, cache, upstream, circuit, definitions }: SourceStats = {}): FlagshipStats {
    const { evaluations, errors, stale } = this;
    const { memory = 0, store = 0, shared = 0, size = 0 } = cache ?? {};
    return ownCopy({
      evaluations,
      errors,
      hits: { request: 0, memory, store },
      stale,
      shared,
      cached: size,
      flagSetId,
      upstream,
      circuit,
      definitions,
    });
  }
}
