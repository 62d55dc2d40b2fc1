import { type CircuitState, type UpstreamStats } from '../http';
import { type FlagType, type JsonValue } from '../options';

/** An evaluation context on its way to a source; values are not yet known to be sendable. */
export type ContextAttributes = Readonly<Record<string, unknown>>;

/** What a source says about a flag, before its type is checked. */
export interface Resolution {
  readonly value: JsonValue;
  readonly variant?: string;
  /** Flagship's own word: `STATIC`, `TARGETING_MATCH`, `SPLIT`, `DEFAULT` or `DISABLED`. */
  readonly reason?: string;
}

/** A source's connection to Flagship. */
export interface SourceStats {
  readonly upstream: UpstreamStats;
  readonly circuit: CircuitStats | undefined;
  readonly definitions: DefinitionsStats | undefined;
}

/** Downloaded definitions at this moment. */
export interface DefinitionsStats {
  /** When Flagship has last said, to this instance or one that shares with it, that these are its flags. */
  readonly confirmedAt: Date | undefined;
}

/** A circuit breaker at this moment. */
export interface CircuitStats {
  /** `closed`: Flagship is asked. `open`: it is not. `half-open`: one evaluation tries. */
  readonly state: CircuitState;
  /** Since when it is closed or, a trial included, not closed. */
  readonly since: Date;
}

/** Where answers come from. The provider knows no more of a source than this. */
export interface FlagSource {
  /** Prepares the source; evaluations may come before. */
  open(): Promise<void>;
  /**
   * Answers a flag for a context, at once where it can.
   *
   * @throws FlagshipError With the code that says why there is no answer.
   */
  evaluate(
    flagKey: string,
    context: ContextAttributes,
    type: FlagType,
    defaultValue: unknown,
  ): Resolution | Promise<Resolution>;
  /** Looks for news now, where there can be any. True when the answers are up to date. */
  refresh(): Promise<boolean>;
  /** What is known of the connection to Flagship; nothing where there is none. */
  stats(): SourceStats | undefined;
  /** Lets go of what the application has lent and may close before this source. */
  detachStore(): void;
  /** The keys of the flags at hand, of a source that has them; undefined while it has none. */
  flagKeys?(): ReadonlySet<string> | undefined;
  /** Ends whatever is under way. `open` may be called again. */
  close(): Promise<void>;
}

/** What a source that keeps its own flags has to tell. */
export interface SourceListener {
  /** These flags may answer differently from now on. */
  changed(flagsChanged: string[]): void;
  /** The flags may be out of date. */
  stale(reason: string): void;
  /** The flags are up to date again, or for the first time after a failed start. */
  recovered(): void;
  /** There are no flags and there will be none without a person's help. */
  failed(reason: string): void;
  /** Something a person should mend; nothing else tells it. */
  warn(problem: string): void;
  /** Something has mended itself. */
  note(news: string): void;
}
