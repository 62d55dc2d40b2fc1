import { type FlagsInput } from '../options';

/** The options of `startLocalFlagship`. */
export interface LocalFlagshipOptions {
  /**
   * The path of a JSON file, or the flags themselves: Flagship's definitions document, a list of flags as its management
   * API and `wrangler` print it, or values by key. A file may have comments. It is watched: an edit takes effect within a
   * second; an invalid edit is reported and changes nothing.
   * @example { flags: './flags.json' }
   * @example { flags: { 'new-checkout': true } }
   */
  readonly flags: string | FlagsInput;
  /**
   * The port to listen on, from 0 to 65,535; 0 selects a free one.
   * @default 0
   * @example { port: 8787 }
   */
  readonly port?: number | undefined;
  /**
   * The address to listen on, or a name of this machine. Other machines can reach every address but a loopback one, so
   * such an address requires `authToken`.
   * @default '127.0.0.1'
   * @example { host: '0.0.0.0', authToken: 'a local secret' }
   */
  readonly host?: string | undefined;
  /**
   * The host names that requests may name besides `localhost` and `host`, without a port. A request for another name gets
   * 403, because a web page can point its own name at this machine and read the responses. Loopback addresses need no
   * entry; if other machines can reach the server, other addresses need none either.
   * @default []
   * @example { allowedHosts: ['flagship'] } // the name of a service of Docker Compose
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * The account ID of the served app. It seeds the rollouts: with the real one, each user gets the real bucket.
   * @default 'local'
   * @example { accountId: 'my-account' }
   */
  readonly accountId?: string | undefined;
  /**
   * The ID of the served app.
   * @default 'local'
   * @example { appId: 'shop' }
   */
  readonly appId?: string | undefined;
  /**
   * The bearer token that requests must contain. Required if other machines can reach the server; see `host`.
   * @default none: any request is served
   * @example { authToken: 'a local secret' }
   */
  readonly authToken?: string | undefined;
  /**
   * The function that receives each problem of the flags or the server. If it throws or rejects, the problem is written to
   * `console.error`.
   * @default console.error
   * @example { report: (problem) => logger.warn(problem) }
   */
  readonly report?: ((problem: string) => void) | undefined;
}

/** A running local Flagship. */
export interface LocalFlagship {
  /** The base URL of the server, for the provider's option `baseUrl`. */
  readonly url: string;
  /** The port that the server listens on. */
  readonly port: number;
  /** The account ID of the served app. */
  readonly accountId: string;
  /** The ID of the served app. */
  readonly appId: string;
  /**
   * Replaces all flags at once, as an edit of the file does.
   *
   * @throws FlagshipError if the input is neither an object nor a list of flags; the flags stay as they were.
   * @example
   * flagship.setFlags({ 'new-checkout': false });
   */
  setFlags(flags: FlagsInput): void;
  /**
   * Stops listening, closes open connections and stops watching the file. Resolves within 5 seconds; never rejects.
   *
   * @example
   * afterAll(() => flagship.close());
   */
  close(): Promise<void>;
}
