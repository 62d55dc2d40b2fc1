import { SharedCache, CachingSource, ContextDigest } from '../caching';
import { type ResolvedProviderOptions } from '../options';
import { type FlagSource } from '../sources';
import { GuardedStore, type StoreListener, storePrefix } from '../store';

type RemoteSource = Extract<ResolvedProviderOptions['source'], { kind: 'remote' }>;

const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])$/;

/** Makes the keys of shared answers with what the instances know and others do not: the secret, else the token. */
function createDigest(
  { http }: RemoteSource,
  secrets: readonly string[],
  listener: StoreListener,
): ContextDigest {
  const { authorization: token } = http.headers;
  const secret = secrets[0] ?? (token === '' ? undefined : token);
  // A Flagship on this machine is one for development, and needs no token.
  const isUnprotected = http.headersFactory !== undefined || !LOOPBACK.test(http.endpoint.hostname);
  if (secret === undefined && isUnprotected) {
    listener.warn(
      'Who can read the shared store (option "cacheStore") can find out evaluation contexts by trying likely ones: give the option "secret", because there is no "authToken" to hash them with.',
    );
  }
  return new ContextDigest(secret, http.namespace);
}

/** Where the instances of an application share their answers. */
function createSharedCache(
  { source, cache: { store, ttl, staleTtl }, secrets }: ResolvedProviderOptions,
  listener: StoreListener,
): SharedCache | undefined {
  if (store === undefined || source.kind !== 'remote') return undefined;
  const guarded = new GuardedStore(store, storePrefix(source.http.namespace), listener);
  const digest = createDigest(source, secrets, listener);
  // A query may be answered otherwise than a body: it does not keep the attributes' types.
  return new SharedCache(guarded, ttl + staleTtl, digest, source.contextTransport);
}

/** What stands between the provider and a source that has to ask somebody; nothing before one that knows. */
export function createCachingSource(
  source: FlagSource,
  options: ResolvedProviderOptions,
  listener: StoreListener,
): CachingSource | undefined {
  const { kind } = options.source;
  if (kind === 'polling' || kind === 'static') return undefined;
  return new CachingSource(
    source,
    options.cache,
    options.maxConcurrent,
    createSharedCache(options, listener),
  );
}
