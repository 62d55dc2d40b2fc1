import { type CircuitStats, type DefinitionsStats, type SourceStats } from '../sources';
import { type UpstreamStats } from '../http';
import { ownCopy } from '../types';

/** What has happened since the provider was made. Whoever asks gets an object of their own. */
export interface FlagshipStats {
  /** Evaluations that have reached the provider, answered from wherever; none before it is ready. */
  readonly evaluations: number;
  /** Those among them that answered the default with an error code. */
  readonly errors: number;
  /** Those that needed neither a request nor a wait for somebody else's, by where the answer was found. */
  readonly hits: {
    /** Answered earlier in the same request (or `withContext`); counted by `FlagService`. */
    readonly request: number;
    /** In this instance's memory. */
    readonly memory: number;
    /** In the store that instances share. */
    readonly store: number;
  };
  /** Those that were answered with a stale value. */
  readonly stale: number;
  /** Those that waited for the answer to the same question that another one had asked. */
  readonly shared: number;
  /** Answers in memory now. */
  readonly cached: number;
  /** Requests to Flagship; absent without HTTP. */
  readonly upstream: UpstreamStats | undefined;
  /** The circuit breaker; absent where there is none, and before the provider's start. */
  readonly circuit: CircuitStats | undefined;
  /** The definitions in force; absent where none are downloaded. */
  readonly definitions: DefinitionsStats | undefined;
}

/** What the provider counts itself. */
export class EvaluationCounts {
  evaluations = 0;
  errors = 0;
  stale = 0;

  /** Returns the counters together with those of the source. */
  stats({ cache, upstream, circuit, definitions }: SourceStats = {}): FlagshipStats {
    const { evaluations, errors, stale } = this;
    const { memory = 0, store = 0, shared = 0, size = 0 } = cache ?? {};
    return ownCopy({
      evaluations,
      errors,
      hits: { request: 0, memory, store },
      stale,
      shared,
      cached: size,
      upstream,
      circuit,
      definitions,
    });
  }
}
