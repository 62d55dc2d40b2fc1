import { type FlagsInput } from './definitions';

/** Header names and values, as an object, a `Headers` or a list of pairs. */
export type HeadersInput = Readonly<Record<string, string>> | Iterable<readonly string[]>;

/** How the evaluation context travels. */
export type ContextTransport = 'query' | 'body' | 'auto';

/** What a Cloudflare Workers binding answers an evaluation with. */
export interface BindingDetails {
  readonly value: unknown;
  readonly variant?: string;
  readonly reason?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
}

type BindingQuestion<T> = (
  flagKey: string,
  defaultValue: T,
  context?: Record<string, string | number | boolean>,
) => Promise<BindingDetails>;

/**
 * A Flagship binding as Cloudflare Workers put it on `env`: no network of ours, no token.
 *
 * @example
 * new FlagshipServerProvider({ binding: env.FLAGS });
 */
export interface FlagshipBinding {
  readonly getBooleanDetails: BindingQuestion<boolean>;
  readonly getStringDetails: BindingQuestion<string>;
  readonly getNumberDetails: BindingQuestion<number>;
  // The binding's own type asks for an object; a list or null is an object flag's default just as well.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
  readonly getObjectDetails: BindingQuestion<any>;
}

/**
 * What `FlagshipServerProvider` accepts. Give `appId` and `accountId`, or `endpoint`,
 * or `definitions`, or `binding`.
 * Every time is in milliseconds. Unknown, malformed or conflicting options are an error at start.
 *
 * @example
 * const options: FlagshipProviderOptions = {
 *   appId: 'shop',
 *   accountId: process.env.FLAGSHIP_ACCOUNT_ID,
 *   authToken: process.env.FLAGSHIP_TOKEN,
 *   cacheTtl: 30_000,
 * };
 */
export interface FlagshipProviderOptions {
  /** The Flagship app whose flags are evaluated. Not together with `endpoint`. */
  readonly appId?: string;

  /** The Cloudflare account that owns the app. Required with `appId`. */
  readonly accountId?: string;

  /**
   * API token with the *Evaluate* permission, sent as `Authorization: Bearer …`. An `authorization` header in
   * `headers`, and one from `headersFactory`, win over it. Never written to a log or an error message.
   */
  readonly authToken?: string;

  /**
   * Where the API lives; only used with `appId`. Trailing slashes do not matter.
   * @default 'https://api.cloudflare.com'
   * @example 'http://127.0.0.1:8787'
   */
  readonly baseUrl?: string;

  /** The full evaluation URL, in place of `appId` and `baseUrl`. */
  readonly endpoint?: string;

  /** Headers sent with every request. They win over `authToken`, and `headersFactory` wins over them. */
  readonly headers?: HeadersInput;

  /**
   * Makes headers for each attempt, retries included, for credentials that rotate. May be asynchronous: the time it
   * takes counts towards `timeout`. Wins over `headers` and `authToken`.
   * @example async () => ({ authorization: `Bearer ${await tokens.current()}` })
   */
  readonly headersFactory?: () => HeadersInput | Promise<HeadersInput>;

  /**
   * Options for `fetch`, as `@cloudflare/flagship` takes them. Its `headers` are the same as `headers` above, which
   * win over them; any other field makes requests go through `fetch` instead of the built-in, much faster client.
   */
  readonly fetchOptions?: RequestInit;

  /**
   * A `fetch` of your own (a proxy, another runtime) in place of the built-in client.
   * @default undici, loaded when it is first needed
   */
  readonly fetch?: typeof globalThis.fetch;

  /**
   * Time limit of one attempt: connection, headers and body together. 1 to 2,147,483,647.
   * @default 5000
   */
  readonly timeout?: number;

  /**
   * How often a failed attempt is repeated when the failure may pass (no connection, time limit, 408, 425, 429, 5xx, an
   * unreadable answer). A whole number, 0 for never; more than 10 counts as 10.
   * @default 1
   */
  readonly retries?: number;

  /**
   * Pause before each repetition. 0 or more; more than 30,000 counts as 30,000.
   * @default 1000
   */
  readonly retryDelay?: number;

  /**
   * Tell OpenFeature's logger about every evaluation (debug), type mismatch (warn) and failure (error).
   * Tokens and evaluation contexts are never logged.
   * @default false
   */
  readonly logging?: boolean;

  /**
   * How long an answer is kept in memory, by flag, type and whole evaluation context. 0 for not at all. Disabled flags
   * and failures are never kept.
   * @default 0
   */
  readonly cacheTtl?: number;

  /**
   * How many answers are kept in memory; the least recently used goes first. 1 to 1,000,000.
   * @default 1000
   */
  readonly cacheMaxSize?: number;

  /**
   * `'query'` sends the context in the URL: scalars and dates only. `'body'` sends it as JSON: nested values allowed,
   * types kept, nothing personal in a URL or an access log. `'auto'` sends a body only when a query cannot carry the
   * context.
   * @default 'query'
   */
  readonly contextTransport?: ContextTransport;

  /**
   * Evaluate in this process: download the definitions once, keep them fresh, ask nobody for an answer. Needs a token
   * with the *Read* permission, `accountId` (it seeds the rollouts), and an `endpoint`, if there is one, that ends in
   * `/evaluate`. Not together with `cacheTtl`, `definitions` or `binding`.
   * @default false
   */
  readonly localEvaluation?: boolean;

  /**
   * How often `localEvaluation` asks for new definitions. Each pause is up to 10 % shorter or longer, so that many
   * instances do not ask at once. 1 to 1,900,000,000.
   * @default 30000
   */
  readonly refreshInterval?: number;

  /**
   * A file in which `localEvaluation` keeps the last good definitions, readable by its owner only. It is used, with a
   * warning, when Flagship cannot be reached at start.
   * @default none
   */
  readonly definitionsCache?: string;

  /**
   * Flags from a JSON file, which is watched, or from an object: evaluation in this process without any network. The
   * format is that of Flagship's definitions, or keys with bare values. `accountId` may stand beside it as the seed of
   * rollouts (default `'local'`); the options of HTTP may not.
   * @default none
   * @example './flags.json'
   * @example { 'new-checkout': true }
   */
  readonly definitions?: string | FlagsInput;

  /**
   * A Cloudflare Workers binding to ask instead of HTTP. Not together with the options of HTTP.
   * @default none
   */
  readonly binding?: FlagshipBinding;
}
