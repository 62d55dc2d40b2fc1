import { type CircuitState, type UpstreamStats } from '../http';
import { type FlagType, type JsonValue } from '../options';
import { type Attributes, type FlagMetadata } from '../types';

/** The resolution of a flag by a source, before the provider checks the value's type. */
export interface Resolution {
  readonly value: JsonValue;
  readonly variant?: string;
  /** Flagship's reason: `STATIC`, `TARGETING_MATCH`, `SPLIT`, `DEFAULT` or `DISABLED`. */
  readonly reason?: string;
  /** The metadata of the flag and its app, frozen by `lib/evaluation/flag-metadata.ts`; absent if there is none. */
  readonly metadata?: FlagMetadata;
}

/** How often the cache in front of a source made a request unnecessary, and what it holds now. */
export interface CacheStats {
  /** Evaluations with a resolution from memory. */
  readonly memory: number;
  /** Evaluations with a resolution from the shared store. */
  readonly store: number;
  /** Evaluations that waited for one of the same cache key that was under way. */
  readonly shared: number;
  /** Entries in memory now. */
  readonly size: number;
}

/** The state of a source; each part is absent where the source has no such thing. */
export interface SourceStats {
  /** The ID of the app, where the options name it. */
  readonly flagSetId?: string;
  readonly upstream?: UpstreamStats;
  readonly circuit?: CircuitStats;
  readonly definitions?: DefinitionsStats;
  readonly cache?: CacheStats;
}

/** The state of the downloaded definitions in force. */
export interface DefinitionsStats {
  /**
   * When Flagship last confirmed that these are its definitions, to this instance or one that shares its store;
   * undefined for definitions from the disk, and before the first ones.
   */
  readonly confirmedAt: Date | undefined;
  /** The version that answers carry as metadata: their ETag; undefined where Flagship sent none. */
  readonly version: string | undefined;
}

/** The state of a circuit breaker. */
export interface CircuitStats {
  /** `closed`: requests are sent. `open`: none are. `half-open`: one request tries whether Flagship responds. */
  readonly state: CircuitState;
  /** When it was closed; in the states `open` and `half-open`, when it opened. */
  readonly since: Date;
}

/**
 * Where resolutions come from: the port between the provider and everything behind it. A source in front of another
 * one, such as the cache, has the same port. A source leaves out the optional members that it has no use for.
 */
export interface FlagSource {
  /**
   * Evaluates a flag, synchronously where it can.
   *
   * @param context The merged evaluation context, validated: it holds values of JSON, dates and undefined.
   * @returns The resolution, or a promise of it.
   * @throws FlagshipError With the code that says why there is no resolution.
   */
  evaluate(
    flagKey: string,
    context: Attributes,
    type: FlagType,
    defaultValue: unknown,
  ): Resolution | Promise<Resolution>;
  /**
   * Returns the metadata of a failed evaluation, frozen: that of the flag, if the source holds its definition, and that
   * of the app.
   */
  metadataOf?(flagKey: string): FlagMetadata | undefined;
  /** Prepares the source; evaluations may come before it resolves. Called again after {@link FlagSource.close}. */
  open?(): Promise<void>;
  /** Starts to look for changed definitions at intervals, now or as soon as the source is open; until it is closed. */
  startPolling?(): void;
  /**
   * Looks for changed definitions now. Resolves with whether the definitions in force are up to date; never rejects.
   */
  refresh?(): Promise<boolean>;
  /** Returns counters and states. */
  stats?(): SourceStats;
  /** Returns the keys of the flags that the source holds; undefined while it holds none. */
  flagKeys?(): ReadonlySet<string> | undefined;
  /**
   * Ends timers, requests and sockets. Drops definitions that were downloaded and resolutions that were cached; the flags
   * of the option `definitions` stay.
   */
  close?(): Promise<void> | void;
}

/** Receives what happens in a source apart from evaluations. */
export interface SourceListener {
  /** These flags may have other values from now on. */
  changed(flagsChanged: string[]): void;
  /** The flags may be out of date. */
  stale(reason: string): void;
  /** The flags are up to date again, or for the first time after a failed start. */
  recovered(): void;
  /** There are no definitions, and trying again is useless until an operator changes the configuration. */
  failed(reason: string): void;
  /** A problem that an operator should repair, and that no error code reports. */
  warn(problem: string): void;
  /** A problem is over. */
  info(news: string): void;
}
