import { type FlagsInput } from '../types';

/**
 * Header names and values, as an object, a `Headers` or a list of pairs.
 *
 * @example
 * const headers: HeadersInput = { 'x-tenant': 'shop' };
 */
export type HeadersInput = Readonly<Record<string, string>> | Iterable<readonly string[]>;

/** How the evaluation context is sent: in the URL, as a JSON body, or as a body only where a URL cannot carry it. */
export type ContextTransport = 'query' | 'body' | 'auto';

/** The evaluation details that a Cloudflare Workers binding resolves with. */
export interface BindingDetails {
  /** The evaluated flag. Details of another flag than the requested one are a `PARSE_ERROR`. */
  readonly flagKey?: string | undefined;
  /** The flag's value. */
  readonly value: unknown;
  /** The name of the variation that was served. */
  readonly variant?: string | undefined;
  /** OpenFeature's reason, such as `TARGETING_MATCH`. */
  readonly reason?: string | undefined;
  /** The flag's metadata, if it has some; also if the evaluation failed. */
  readonly metadata?: unknown;
  /** Flagship's error code, if the evaluation failed. */
  readonly errorCode?: string | undefined;
  /** What went wrong, if the evaluation failed. */
  readonly errorMessage?: string | undefined;
}

/**
 * A store that several instances share: the part of a cache-manager `Cache` that this package uses. A failing store
 * delays an evaluation by 50 ms at most, and is then skipped until it works again. The store must delete entries when
 * their TTL ends: a store that does not is detected within seconds and not used. If the store has levels (`stores`),
 * the last one is read and written directly, because a memory level before it would hide what other instances write.
 *
 * @example
 * const redis = createKeyv({ url: 'redis://localhost:6379', disableOfflineQueue: true }, { throwOnErrors: true });
 * const cacheStore: CacheStore = createCache({ stores: [redis] });
 */
export interface CacheStore {
  /** Resolves with the stored value, or with `undefined` or `null` if there is none. */
  get(key: string): Promise<unknown>;
  /** Stores a value; `ttl` is in milliseconds. */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  /** Adds a listener. cache-manager reports a failed `get` through this event only. */
  on?(event: 'get', listener: (event: { key: string; error?: unknown }) => void): unknown;
  /** Removes a listener. */
  off?(event: 'get', listener: (event: { key: string; error?: unknown }) => void): unknown;
}

/**
 * When the circuit breaker opens, and when it lets an evaluation try again.
 *
 * @example
 * const circuitBreaker: CircuitBreakerOptions = { threshold: 10, halfOpenAfter: 5000 };
 */
export interface CircuitBreakerOptions {
  /**
   * Number of evaluations that must fail in a row, their retries included, before the circuit opens. A whole number
   * from 1 to 1,000,000.
   * @default 5
   * @example 10
   */
  readonly threshold?: number | undefined;
  /**
   * Time in milliseconds for which an open circuit sends no request, before one evaluation tries again. 1 to
   * 2,147,483,647.
   * @default 10000
   * @example 5000
   */
  readonly halfOpenAfter?: number | undefined;
}

type BindingEvaluation<T> = (
  flagKey: string,
  defaultValue: T,
  // The types that Cloudflare has published differ: scalars alone, or all of JSON with lists that are not readonly.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
  context?: Record<string, any>,
) => Promise<BindingDetails>;

/**
 * A Flagship binding, as Cloudflare Workers provide it on `env`. It needs neither HTTP requests nor a token.
 *
 * @example
 * new FlagshipServerProvider({ binding: env.FLAGS });
 */
export interface FlagshipBinding {
  /** Evaluates a boolean flag. */
  readonly getBooleanDetails: BindingEvaluation<boolean>;
  /** Evaluates a string flag. */
  readonly getStringDetails: BindingEvaluation<string>;
  /** Evaluates a number flag. */
  readonly getNumberDetails: BindingEvaluation<number>;
  /** Evaluates a JSON flag. */
  // The binding's own type requires an object, but the default of an object flag can also be a list or null.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
  readonly getObjectDetails: BindingEvaluation<any>;
}

/**
 * The options of `FlagshipServerProvider`. Give `appId` and `accountId`, or `endpoint`, or `definitions`, or `binding`.
 * Every time is in milliseconds. An unknown, malformed or conflicting option is an error at start. Blank text counts as
 * not given, and white space around text is removed.
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
  /**
   * Id of the Flagship app whose flags are evaluated. Not together with `endpoint`.
   * @default none
   * @example 'shop'
   */
  readonly appId?: string | undefined;

  /**
   * Id of the Cloudflare account that owns the app. Required with `appId` and with `localEvaluation`. Beside
   * `definitions` it seeds the rollouts, `'local'` by default.
   * @default none
   * @example process.env.FLAGSHIP_ACCOUNT_ID
   */
  readonly accountId?: string | undefined;

  /**
   * API token, sent as `Authorization: Bearer …`; may be given with or without `Bearer`. Needs the *Evaluate* permission,
   * for `localEvaluation` the *Read* permission. An `authorization` header in `headers`, and one from `headersFactory`,
   * take precedence. Never written to a log or an error message.
   * @default none
   * @example process.env.FLAGSHIP_TOKEN
   */
  readonly authToken?: string | undefined;

  /**
   * URL of the API; only used with `appId`. A trailing slash is ignored, and so is `/client/v4` at the end, which base
   * URLs of the `cloudflare` SDK and of `wrangler` have. A query, a user or a password is refused.
   * @default 'https://api.cloudflare.com'
   * @example 'http://127.0.0.1:8787'
   */
  readonly baseUrl?: string | undefined;

  /**
   * Full evaluation URL, in place of `appId` and `baseUrl`. With `localEvaluation` it must end in `/evaluate`.
   * @default none
   * @example 'http://127.0.0.1:8787/client/v4/accounts/local/flagship/apps/shop/evaluate'
   */
  readonly endpoint?: string | undefined;

  /**
   * Headers of every request. They take precedence over `authToken` and the `headers` of `fetchOptions`;
   * `headersFactory` takes precedence over them. Never written to a log or an error message.
   * @default none
   * @example { 'x-tenant': 'shop' }
   */
  readonly headers?: HeadersInput | undefined;

  /**
   * Returns headers for each attempt, retries included, for credentials that rotate. May be asynchronous; its time
   * counts towards `timeout`. Takes precedence over `headers` and `authToken`. Called outside of the application's
   * request, so that no `AsyncLocalStorage` of the request is visible to it.
   * @default none
   * @example async () => ({ authorization: `Bearer ${await tokens.current()}` })
   */
  readonly headersFactory?: (() => HeadersInput | Promise<HeadersInput>) | undefined;

  /**
   * Options for `fetch`, as `@cloudflare/flagship` takes them. Its `headers` are sent like the option `headers`, which
   * takes precedence. When its `signal` is aborted, attempts and pauses end, nothing is retried or sent any more, and
   * the circuit breaker counts neither a failure nor a success. With any other field, requests go through the global
   * `fetch`, looked up for each request, instead of the built-in, much faster client.
   * @default none
   * @example { headers: { 'x-tenant': 'shop' } }
   */
  readonly fetchOptions?: RequestInit | undefined;

  /**
   * A `fetch` of the application's, in place of the built-in client, which itself knows the proxies of `HTTPS_PROXY` and
   * `NO_PROXY` and the dispatcher of undici's `setGlobalDispatcher`. Called outside of the application's request, within
   * the span of the attempt. A result that is not a response counts as a failure.
   * @default undici, loaded when it is first needed
   * @example (url, init) => proxiedFetch(url, init)
   */
  readonly fetch?: typeof globalThis.fetch | undefined;

  /**
   * Request timeout in milliseconds, per attempt: connection, headers and body together. 1 to 2,147,483,647.
   * @default 5000
   * @example 1000
   */
  readonly timeout?: number | undefined;

  /**
   * Number of retries after an attempt that failed for a reason that may pass: no connection, timeout, HTTP 408, 425,
   * 429, 5xx, or an unreadable response. A whole number; 0 disables retries; more than 10 counts as 10.
   * @default 1
   * @example 3
   */
  readonly retries?: number | undefined;

  /**
   * Pause before each retry in milliseconds. Each pause is up to half shorter, so that many instances do not retry at
   * once. The `Retry-After` header of a 429 or 503 takes precedence. 0 to 2,147,483,647; a pause lasts 30,000 at most,
   * also one that `Retry-After` sets.
   * @default 1000
   * @example 200
   */
  readonly retryDelay?: number | undefined;

  /**
   * Time limit of a whole evaluation in milliseconds: every attempt and every pause. If a pause would leave no time for
   * another attempt, the evaluation fails at once. The default for a `binding` is 5000. No effect with
   * `localEvaluation`, whose evaluations send no request. 1 to 2,147,483,647.
   * @default timeout × (retries + 1) + retryDelay × retries
   * @example 2000
   */
  readonly deadline?: number | undefined;

  /**
   * Circuit breaker, or `false` to disable it. After `threshold` failed evaluations in a row it opens: evaluations
   * return at once, with a stale value if there is one, otherwise with the default value and `GENERAL`. After
   * `halfOpenAfter` milliseconds one evaluation at a time tries whether Flagship responds. A failure is one that may
   * pass (see `retries`); HTTP 400, 401, 403 and 404 count as successes. Remote evaluation only.
   * @default { threshold: 5, halfOpenAfter: 10000 }
   * @example { threshold: 10 }
   */
  readonly circuitBreaker?: CircuitBreakerOptions | false | undefined;

  /**
   * Maximum number of concurrent evaluations by Flagship or the binding. Beyond it evaluations return at once, with a
   * stale value or the default value. Concurrent evaluations of the same flag under the same context count as one. A
   * whole number from 1 to 1,000,000. No effect with `localEvaluation`.
   * @default 5000
   * @example 100
   */
  readonly maxConcurrent?: number | undefined;

  /**
   * Whether to log every evaluation (debug), type mismatch (warn) and failure (error) to OpenFeature's logger. A
   * repeated mismatch or failure is counted, and the count is logged once a minute. Tokens and the values of evaluation
   * contexts are never logged: they are redacted where a server or a function of the application quotes them.
   * @default false
   * @example true
   */
  readonly logging?: boolean | undefined;

  /**
   * Time in milliseconds for which a resolution is kept in memory, by flag, type and whole evaluation context. 0
   * disables the cache; at most 2,147,483,647. Disabled flags and failures are never cached. Not together with
   * `localEvaluation` or `definitions`.
   * @default 0
   * @example 30_000
   */
  readonly cacheTtl?: number | undefined;

  /**
   * Maximum number of resolutions in memory; the least recently used one is evicted first. A whole number from 1 to
   * 1,000,000.
   * @default 1000
   * @example 10_000
   */
  readonly cacheMaxSize?: number | undefined;

  /**
   * Maximum memory of the cached resolutions in bytes, their contexts included. The least recently used one is evicted
   * first; a resolution that is larger by itself is not cached. Sizes are estimates, rather too large than too small. A
   * whole number from 1.
   * @default 32 MiB, or 2 KiB for every entry of cacheMaxSize if that is more
   * @example 8 * 1024 * 1024
   */
  readonly cacheMaxBytes?: number | undefined;

  /**
   * Time in milliseconds, beyond `cacheTtl`, for which a stale resolution is kept. It is served with reason `STALE`
   * when Flagship fails, refuses the token or does not respond within the time limits. 0 disables it; at most
   * 2,147,483,647. Needs `cacheTtl`.
   * @default 0
   * @example 600_000
   */
  readonly staleTtl?: number | undefined;

  /**
   * Whether a stale resolution is served at once while a fresh one is requested in the background, instead of only
   * after a request has failed. Needs `staleTtl`.
   * @default false
   * @example true
   */
  readonly staleWhileRevalidate?: boolean | undefined;

  /**
   * Time in milliseconds for which `FLAG_NOT_FOUND` is kept in memory. 0 disables it; at most 2,147,483,647.
   * @default 0
   * @example 10_000
   */
  readonly negativeTtl?: number | undefined;

  /**
   * A cache-manager `Cache` that instances share. An evaluation reads memory first, then this store, then Flagship.
   * Needs `cacheTtl`; with `localEvaluation` the instances share definitions instead, and one of them downloads for
   * all. Keys hold hashes of contexts, made with `secret`, never the contexts themselves. Of several levels the last
   * one is used. Not together with `definitions` or `binding`.
   * @default none
   * @example createCache({ stores: [createKeyv({ url: 'redis://localhost:6379', disableOfflineQueue: true })] })
   */
  readonly cacheStore?: CacheStore | undefined;

  /**
   * Secret of at least 32 characters that only the instances of an application know, or a list of secrets, of which the
   * first one is used for new entries. The keys in `cacheStore` are hashed with it, so that a reader of the store
   * cannot find out contexts by trying likely ones. Never written to a log or an error message.
   * @default the token: `authToken`, or the `authorization` of `headers`
   * @example process.env.FLAGSHIP_SECRET
   */
  readonly secret?: string | readonly string[] | undefined;

  /**
   * How the evaluation context is sent: `'auto'`, `'query'` or `'body'`. `'auto'` sends it in the URL as long as
   * Flagship reads the same context from it, else as JSON: for lists, objects, null, texts that read as numbers or
   * booleans, an attribute named `flagKey`, and URLs of more than 8 KB (8,192 bytes). `'body'` always sends JSON, so
   * that no personal data appears in a URL or an access log. `'query'` never does: it leaves out null, and lists,
   * objects and `flagKey` are `INVALID_CONTEXT`. Remote evaluation only.
   * @default 'auto'
   * @example 'body'
   */
  readonly contextTransport?: ContextTransport | undefined;

  /**
   * Names of context attributes that the OpenTelemetry spans of requests to Flagship carry, each as
   * `feature_flag.context.<name>`. Text, numbers, booleans and dates only. Remote evaluation only.
   * @default []
   * @example ['plan']
   */
  readonly spanAttributes?: readonly string[] | undefined;

  /**
   * Whether flags are evaluated in this process, from definitions that are downloaded at start and refreshed; an
   * evaluation then sends no request. Needs a token with the *Read* permission, `accountId`, which seeds the rollouts,
   * and an `endpoint`, if one is given, that ends in `/evaluate`. Not together with `cacheTtl`, `definitions` or
   * `binding`.
   * @default false
   * @example true
   */
  readonly localEvaluation?: boolean | undefined;

  /**
   * Time in milliseconds between two refreshes of the definitions of `localEvaluation`. Each pause is up to 10 %
   * shorter or longer, so that many instances do not refresh at once. 1 to 1,900,000,000.
   * @default 30000
   * @example 10_000
   */
  readonly refreshInterval?: number | undefined;

  /**
   * Path of a file in which `localEvaluation` keeps the last good definitions, readable by its owner only. The file is
   * used, with a warning, when Flagship cannot be reached at start. Writing it delays neither evaluations nor
   * refreshes; a start waits at most 5 seconds for reading it, closing at most 2 seconds for the last write.
   * @default none
   * @example '/var/lib/shop/flags.json'
   */
  readonly definitionsCache?: string | undefined;

  /**
   * Flag definitions: the path of a JSON file, which is watched and may have comments, an object or a list. Flags are
   * evaluated in this process, without any network. The file is a regular file of at most 32 MB. The format is that of
   * Flagship's definitions, a list of flags as its management API and `wrangler` print it, or keys with bare values.
   * Rules with a `priority` are sorted by it. Not together with the options of HTTP; `accountId` may be given as the seed
   * of rollouts.
   * @default none
   * @example './flags.json'
   * @example { 'new-checkout': true }
   */
  readonly definitions?: string | FlagsInput | undefined;

  /**
   * A Cloudflare Workers binding that evaluates flags instead of HTTP requests. A call ends at `deadline` and when the
   * provider closes. Not together with the options of HTTP.
   * @default none
   * @example env.FLAGS
   */
  readonly binding?: FlagshipBinding | undefined;
}
