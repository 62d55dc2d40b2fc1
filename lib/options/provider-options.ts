import { type FlagsInput } from './definitions';

/** Header names and values, as an object, a `Headers` or a list of pairs. */
export type HeadersInput = Readonly<Record<string, string>> | Iterable<readonly string[]>;

/** How the evaluation context travels. */
export type ContextTransport = 'query' | 'body' | 'auto';

/** What a Cloudflare Workers binding answers an evaluation with. */
export interface BindingDetails {
  /** The flag that the answer is about; an answer about another one is not believed. */
  readonly flagKey?: string;
  readonly value: unknown;
  readonly variant?: string;
  readonly reason?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
}

/**
 * A store that several instances share: what of a cache-manager `Cache` is used. Any failure of it costs an evaluation
 * 50 ms at most, and then nothing until the store works again. It must forget what it was told to keep for a time: one
 * that does not is found out within seconds and not used. Where it has levels (`stores`), the last one is read and
 * written directly, because a memory in front of it would hide what other instances write.
 *
 * @example
 * const redis = createKeyv({ url: 'redis://localhost:6379', disableOfflineQueue: true }, { throwOnErrors: true });
 * const cacheStore: CacheStore = createCache({ stores: [redis] });
 */
export interface CacheStore {
  get(key: string): Promise<unknown>;
  /** `ttl` in milliseconds. */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  /** Where cache-manager tells of the failures that its `get` keeps to itself. */
  on?(event: 'get', listener: (event: { key: string; error?: unknown }) => void): unknown;
  off?(event: 'get', listener: (event: { key: string; error?: unknown }) => void): unknown;
}

/** When to stop asking a Flagship that does not answer, and when to try again. */
export interface CircuitBreakerOptions {
  /**
   * So many evaluations in a row must have failed, their retries included. A whole number from 1.
   * @default 5
   */
  readonly threshold?: number;
  /**
   * How long nobody is asked before one evaluation tries again, in milliseconds. 1 to 2,147,483,647.
   * @default 10000
   */
  readonly halfOpenAfter?: number;
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
   * takes counts towards `timeout`. Wins over `headers` and `authToken`. Called outside of the request that asks: it sees
   * none of its `AsyncLocalStorage`.
   * @example async () => ({ authorization: `Bearer ${await tokens.current()}` })
   */
  readonly headersFactory?: () => HeadersInput | Promise<HeadersInput>;

  /**
   * Options for `fetch`, as `@cloudflare/flagship` takes them. Its `headers` are the same as `headers` above, which
   * win over them; any other field makes requests go through `fetch` instead of the built-in, much faster client. When its
   * `signal` is aborted, attempts and pauses end, nothing is repeated or sent any more, and the circuit counts neither a
   * failure nor an answer.
   */
  readonly fetchOptions?: RequestInit;

  /**
   * A `fetch` of your own (a proxy, another runtime) in place of the built-in client. Called outside of the request that
   * asks, within the span of the attempt. Whatever it gives that is no response counts as a failure.
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
   * Pause before each repetition; each is up to half shorter, so that many instances do not come back at once. A
   * `Retry-After` of a 429 or 503 takes its place. 0 or more; more than 30,000 counts as 30,000, for both.
   * @default 1000
   */
  readonly retryDelay?: number;

  /**
   * Time limit of a whole evaluation: every attempt and every pause. A pause that would not leave time for another
   * attempt is not waited for. A binding has 5000. Not for `localEvaluation`, whose evaluations wait for nothing. 1 to
   * 2,147,483,647.
   * @default timeout × (retries + 1) + retryDelay × retries
   */
  readonly deadline?: number;

  /**
   * Stops asking after so many failures in a row: evaluations answer at once, with a stale value where there is one,
   * otherwise with the default and `GENERAL`. One evaluation at a time then tries whether Flagship is back. A failure is
   * what may pass (see `retries`); HTTP 400, 401, 403 and 404 are answers. `false` for never. Remote evaluation only.
   * @default { threshold: 5, halfOpenAfter: 10000 }
   */
  readonly circuitBreaker?: CircuitBreakerOptions | false;

  /**
   * How many questions may be on their way to Flagship at once; beyond it evaluations answer at once, with a stale value
   * or the default. Equal questions count as one. 1 to 1,000,000. Not for `localEvaluation`.
   * @default 5000
   */
  readonly maxConcurrent?: number;

  /**
   * Tell OpenFeature's logger about every evaluation (debug), type mismatch (warn) and failure (error). The same
   * mismatch or failure again is counted, and the count is told once a minute. Tokens and the values of evaluation
   * contexts are never logged: what a server or a function of yours quotes of them is hidden.
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
   * How much memory the answers may take, in bytes, their contexts included; the least recently used goes first, and an
   * answer that is larger by itself is not kept. Sizes are estimates, rather too large than too small. A whole number
   * from 1.
   * @default 32 MiB, or 2 KiB for each answer of cacheMaxSize if that is more
   * @example 8 * 1024 * 1024
   */
  readonly cacheMaxBytes?: number;

  /**
   * How much longer than `cacheTtl` an answer is kept for the time that no fresh one can be had: it is served with reason
   * `STALE` when Flagship fails, refuses the token or does not answer within the limits. 0 for not at all. Needs
   * `cacheTtl`.
   * @default 0
   */
  readonly staleTtl?: number;

  /**
   * Serve a stale answer at once and ask for a fresh one behind it, instead of only when asking has failed. Needs
   * `staleTtl`.
   * @default false
   */
  readonly staleWhileRevalidate?: boolean;

  /**
   * How long it is remembered in memory that a flag does not exist. 0 for not at all.
   * @default 0
   */
  readonly negativeTtl?: number;

  /**
   * A cache-manager `Cache` that instances share: memory is asked first, then this store, then Flagship. Needs
   * `cacheTtl`; with `localEvaluation` the instances share definitions instead, and one of them downloads for all. Keys
   * hold hashes of contexts, made with `secret`, never what is in them. Of several levels the last one is used. Not
   * together with `definitions` or `binding`.
   * @default none
   * @example createCache({ stores: [createKeyv({ url: 'redis://localhost:6379', disableOfflineQueue: true })] })
   */
  readonly cacheStore?: CacheStore;

  /**
   * A text of at least 32 characters that the instances of an application share and others do not know, or a list of
   * such texts, of which the first is used for whatever is new. The keys in `cacheStore` are hashed with it, so that who
   * can read the store cannot find out contexts by trying likely ones. Never written to a log or an error message.
   * @default the token: `authToken`, or the `authorization` of `headers`
   * @example process.env.FLAGSHIP_SECRET
   */
  readonly secret?: string | readonly string[];

  /**
   * `'query'` sends the context in the URL: scalars and dates only. `'body'` sends it as JSON: nested values allowed,
   * types kept, nothing personal in a URL or an access log. `'auto'` sends a body only when a query cannot carry the
   * context.
   * @default 'query'
   */
  readonly contextTransport?: ContextTransport;

  /**
   * Attributes of the evaluation context that OpenTelemetry spans of requests to Flagship carry, each as
   * `feature_flag.context.<name>`. Text, numbers, booleans and dates only. Remote evaluation only.
   * @default []
   * @example ['plan']
   */
  readonly spanAttributes?: readonly string[];

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
   * warning, when Flagship cannot be reached at start. Writing it holds up neither flags nor refreshes; a start waits for
   * reading it 5 seconds at most, closing for the last write 2 seconds.
   * @default none
   */
  readonly definitionsCache?: string;

  /**
   * Flags from a JSON file, which is watched (a regular file of 32 MB at most), or from an object: evaluation in this
   * process without any network. The
   * format is that of Flagship's definitions, or keys with bare values. `accountId` may stand beside it as the seed of
   * rollouts (default `'local'`); the options of HTTP may not.
   * @default none
   * @example './flags.json'
   * @example { 'new-checkout': true }
   */
  readonly definitions?: string | FlagsInput;

  /**
   * A Cloudflare Workers binding to ask instead of HTTP. A call ends at `deadline` and when the provider closes. Not
   * together with the options of HTTP.
   * @default none
   */
  readonly binding?: FlagshipBinding;
}
