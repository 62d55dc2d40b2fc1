import { type JsonValue } from '../options';

/** An evaluation context on its way to a source; values are not yet known to be sendable. */
export type ContextAttributes = Readonly<Record<string, unknown>>;

/** What a source says about a flag, before its type is checked. */
export interface Resolution {
  readonly value: JsonValue;
  readonly variant?: string;
  /** Flagship's own word: `STATIC`, `TARGETING_MATCH`, `SPLIT`, `DEFAULT` or `DISABLED`. */
  readonly reason?: string;
}

/** Where answers come from. The provider knows no more of a source than this. */
export interface FlagSource {
  /** Prepares the source; evaluations may come before. */
  open(): Promise<void>;
  /**
   * Answers a flag for a context.
   *
   * @throws FlagshipError With the code that says why there is no answer.
   */
  evaluate(flagKey: string, context: ContextAttributes): Promise<Resolution>;
  /** Ends whatever is under way. `open` may be called again. */
  close(): Promise<void>;
}
