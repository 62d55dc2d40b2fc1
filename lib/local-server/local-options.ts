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
   * The address to listen on, or a name of this machine. Anything but a loopback address can be reached by other
   * machines and needs `authToken`.
   * @default '127.0.0.1'
   * @example '0.0.0.0'
   */
  readonly host?: string;
  /**
   * Names that requests may be sent to, besides `localhost` and `host`, without a port. A request for another name is
   * refused with 403, because a web page can point its own name at this machine and read the answers. Loopback addresses
   * need no entry; nor do other addresses, where other machines can reach the server.
   * @default []
   * @example ['flagship'] // the name of a service of Docker Compose
   */
  readonly allowedHosts?: readonly string[];
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
   * The token that requests must carry. Required when other machines can reach the server; see `host`.
   * @default none: any request is served
   */
  readonly authToken?: string;
  /**
   * Called with each problem of the flags or of the server. When it fails, the problem goes to `console.error`.
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
  /** Stops listening, ends open connections, stops watching. Takes 5 seconds at the most; never rejects. */
  close(): Promise<void>;
}
