import { CachingSource, ContextDigest, SharedCache } from '../caching';
import { type ResolvedProviderOptions, type ResolvedSource } from '../options';
import {
  BindingSource,
  type FlagSource,
  MetadataReader,
  PollingSource,
  RemoteSource,
  SafeListener,
  type SourceListener,
  StaticSource,
} from '../sources';
import { GuardedStore, type StoreListener, storePrefix } from '../store';

type RemoteOptions = Extract<ResolvedSource, { kind: 'remote' }>;
type PollingOptions = Extract<ResolvedSource, { kind: 'polling' }>;

const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])$/;

/** Returns the guard around the store that the instances of the application share, if the options name a store. */
export function createStore(
  { source, cache: { store } }: ResolvedProviderOptions,
  listener: StoreListener,
): GuardedStore | undefined {
  if (store === undefined || (source.kind !== 'remote' && source.kind !== 'polling')) return undefined;
  return new GuardedStore(store, storePrefix(source.http.namespace), listener);
}

/**
 * Returns the source that the options describe. A source whose evaluations leave the process (remote, binding) is wrapped
 * in the cache, which implements the same interface.
 *
 * @throws FlagshipError `CONFIGURATION_ERROR` when the definitions of the option `definitions` cannot be read.
 */
export function createSource(
  options: ResolvedProviderOptions,
  store: GuardedStore | undefined,
  sourceListener: SourceListener,
): FlagSource {
  const { source, cache, maxConcurrent } = options;
  const listener = new SafeListener(sourceListener);
  switch (source.kind) {
    case 'static':
      return new StaticSource(source, listener);
    case 'polling':
      warnOfCallLimit(source, listener);
      return new PollingSource(source, store, listener);
    case 'binding':
      return new CachingSource(
        new BindingSource(source.binding, source.deadline, listener),
        cache,
        maxConcurrent,
        maxEvaluationMs(source),
        undefined,
      );
    case 'remote': {
      const { http, contextTransport, spanAttributes } = source;
      const remote = new RemoteSource(http, contextTransport, spanAttributes, listener);
      const shared = store && createSharedCache(options, source, store, listener);
      return new CachingSource(remote, cache, maxConcurrent, maxEvaluationMs(source), shared);
    }
  }
}

/** The shortest refresh interval in milliseconds without a warning. */
const FREQUENT_REFRESH_MS = 1000;

/** Warns of an interval at which few instances exceed the limit of Cloudflare's API. A Flagship on this machine has none. */
function warnOfCallLimit({ refreshInterval, http }: PollingOptions, listener: SourceListener): void {
  if (refreshInterval >= FREQUENT_REFRESH_MS || LOOPBACK.test(http.endpoint.hostname)) return;
  const calls = Math.ceil(300_000 / refreshInterval).toLocaleString('en');
  listener.warn(
    `The option "refreshInterval" is ${refreshInterval} ms: each instance makes ${calls} calls in five minutes, and Cloudflare's API accepts 1,200 from all that share a token.`,
  );
}

/** Returns the longest time in milliseconds that an evaluation by a source takes; 0 where evaluations do not wait. */
export function maxEvaluationMs(source: ResolvedSource): number {
  if (source.kind === 'remote') return source.http.deadline;
  return source.kind === 'binding' ? source.deadline : 0;
}

function createSharedCache(
  { cache: { ttl, staleTtl }, secrets }: ResolvedProviderOptions,
  source: RemoteOptions,
  store: GuardedStore,
  listener: SourceListener,
): SharedCache {
  const digest = createDigest(source, secrets, listener);
  // Under 'query' Flagship may evaluate a context otherwise, because a query does not keep the types of its attributes.
  const metadataReader = new MetadataReader(source.http.flagSetId, listener);
  return new SharedCache(store, ttl + staleTtl, digest, source.contextTransport, metadataReader);
}

/**
 * Returns the digest for the keys of shared entries. Its secret is one that only the instances of the application have:
 * the option `secret`, or else the token.
 */
function createDigest(
  { http }: RemoteOptions,
  secrets: readonly string[],
  listener: StoreListener,
): ContextDigest {
  const { authorization: token } = http.headers;
  const secret = secrets[0] ?? (token === '' ? undefined : token);
  // A Flagship on this machine serves development and needs no token.
  const isUnprotected = http.headersFactory !== undefined || !LOOPBACK.test(http.endpoint.hostname);
  if (secret === undefined && isUnprotected) {
    listener.warn(
      'Anyone who can read the shared store (option "cacheStore") can guess evaluation contexts from its keys, because there is no "authToken" to hash them with: set the option "secret".',
    );
  }
  return new ContextDigest(secret, http.namespace);
}
