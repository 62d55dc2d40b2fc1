import { type FlagsInput } from '../options';

/** What `startLocalFlagship` takes. */
export interface LocalFlagshipOptions {
  /**
   * A JSON file's path, or the flags themselves: Flagship's definitions answer, or keys with bare values. A file is
   * watched: an edit takes effect within a second, a broken edit changes nothing and is reported.
   */
  readonly flags: string | FlagsInput;
  /**
   * The port to listen on; 0 takes a free one.
   * @default 0
   */
  readonly port?: number;
  /**
   * The address to listen on.
   * @default '127.0.0.1'
   */
  readonly host?: string;
  /**
   * The account to play; it seeds the rollouts, so the real one gives every user the real bucket.
   * @default 'local'
   */
  readonly accountId?: string;
  /**
   * The app to play.
   * @default 'local'
   */
  readonly appId?: string;
  /**
   * The token that requests must carry.
   * @default none: any request is served
   */
  readonly authToken?: string;
  /**
   * Where problems with the flags are told.
   * @default console.error
   */
  readonly report?: (problem: string) => void;
}

/** A running local Flagship. */
export interface LocalFlagship {
  /** The base URL, to be given as `baseUrl`. */
  readonly url: string;
  readonly port: number;
  readonly accountId: string;
  readonly appId: string;
  /** Replaces all flags at once, as an edit of the file would. */
  setFlags(flags: FlagsInput): void;
  /** Stops listening, ends open connections, stops watching. */
  close(): Promise<void>;
}
