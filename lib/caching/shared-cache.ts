import { isJsonObject, ownMetadata } from '../evaluation';
import { flagTypeOf, type JsonValue } from '../options';
import { wallClockMs } from '../runtime';
import { type MetadataReader } from '../sources';
import { type GuardedStore } from '../store';
import { type Attributes, type FlagMetadata } from '../types';
import { type ContextDigest } from './context-digest';
import { portableContext } from './canonical-context';
import { copyValue } from './copy-value';
import { type CacheKey } from './memory-cache';

/** Increases when the format of the entries changes, because two versions of this package may share a store. */
const VERSION = 1;
/** How far in the future an entry's time may be, in milliseconds, because the clocks of two machines differ. */
const CLOCK_SKEW_MS = 60_000;

/** The longest part of a flag's key that appears in a key of the store. */
const MAX_SHOWN_KEY = 100;

/** A resolution that an instance of the application stored. */
export interface SharedResolution {
  readonly value: JsonValue;
  readonly variant: string | undefined;
  readonly metadata?: FlagMetadata;
  /** How long ago Flagship responded, in milliseconds. */
  readonly ageMs: number;
}

interface StoredResolution {
  readonly flagKey: string;
  readonly type: string;
  /** Absent if Flagship's response must not be cached. The entry then replaces an older one, which is wrong. */
  readonly value?: JsonValue;
  readonly variant?: string;
  /** The flag's own metadata, not checked. Older versions of this package neither write nor read it. */
  readonly metadata?: unknown;
  /** When Flagship responded, in milliseconds since 1970. */
  readonly at: number;
}

/** Writes in the background; without a resolution, a tombstone that replaces an older entry. */
export type WriteShared = (
  resolution: Pick<SharedResolution, 'value' | 'variant' | 'metadata'> | undefined,
) => void;

/** The entry for one cache key. */
export interface SharedEntry {
  /** Resolves with the stored resolution, if there is one, within the time limit of the store. Never rejects. */
  read(): Promise<SharedResolution | undefined>;
  readonly write: WriteShared;
}

/** The entry while the store is unavailable, and of contexts that cannot be shared. */
const UNAVAILABLE: SharedEntry = { read: () => Promise.resolve(undefined), write: () => undefined };

/** The resolutions that the instances of an application share in a store. */
export class SharedCache {
  /**
   * @param lifetimeMs How long a resolution can be served, as a stale one at last, in milliseconds.
   * @param digest Hashes contexts for the keys.
   * @param salt Part of each key; separates configurations that may evaluate the same context to different values.
   * @param metadataReader Reads the metadata of entries.
   */
  constructor(
    private readonly store: GuardedStore,
    private readonly lifetimeMs: number,
    private readonly digest: ContextDigest,
    private readonly salt: string,
    private readonly metadataReader: MetadataReader,
  ) {}

  /** Returns the entry for a cache key and its context. Later changes of the context do not affect it. */
  entryFor(key: CacheKey, context: Attributes): SharedEntry {
    if (!this.store.isAvailable) return UNAVAILABLE;
    const storeKey = this.storeKey(key, context);
    if (storeKey === undefined) return UNAVAILABLE;
    const { flagKey, type } = key;
    return {
      read: () => this.read(key, storeKey),
      write: (resolution) => {
        const { value, variant } = resolution ?? {};
        const metadata = ownMetadata(this.metadataReader.flagSet, resolution?.metadata);
        const stored: StoredResolution = { flagKey, type, value, variant, metadata, at: wallClockMs() };
        this.store.set(storeKey, JSON.stringify(stored), Math.ceil(this.lifetimeMs));
      },
    };
  }

  private async read(key: CacheKey, storeKey: string): Promise<SharedResolution | undefined> {
    const content = await this.store.get(storeKey);
    if (content === undefined) return undefined;
    const stored = parseStored(content, key);
    const ageMs = stored === undefined ? NaN : wallClockMs() - stored.at;
    if (stored === undefined || ageMs < -CLOCK_SKEW_MS) {
      this.store.reportCorruptEntry('an entry is malformed, or more than a minute in the future.');
      return undefined;
    }
    if (ageMs >= this.lifetimeMs || stored.value === undefined) return undefined;
    const metadata = this.metadataReader.read(key.flagKey, stored.metadata);
    return { value: stored.value, variant: stored.variant, metadata, ageMs: Math.max(0, ageMs) };
  }

  /**
   * Returns the key of an entry in the store. It contains only the digest of the context, whose attributes are private.
   *
   * @returns The key; undefined for a context with objects that other processes do not know.
   */
  private storeKey({ flagKey, type }: CacheKey, context: Attributes): string | undefined {
    const contents = portableContext(context);
    if (contents === undefined) return undefined;
    const digest = this.digest.of(`${JSON.stringify([this.salt, flagKey])}${contents}`);
    // The name is for operators who inspect the store. The digest alone distinguishes flags.
    const name = flagKey.replace(/[^\w.-]/g, '_').slice(0, MAX_SHOWN_KEY);
    return `v${VERSION}:${type}:${name}:${digest}`;
  }
}

/** Parses and checks the content of an entry: the store may return anything. */
function parseStored(content: unknown, { flagKey, type }: CacheKey): StoredResolution | undefined {
  const parsed = parseContent(content);
  if (!isJsonObject(parsed) || parsed.flagKey !== flagKey || parsed.type !== type) return undefined;
  const { value, variant, metadata, at } = parsed as unknown as StoredResolution;
  const isValid =
    (value === undefined || flagTypeOf(value) === type) &&
    (variant === undefined || typeof variant === 'string') &&
    Number.isFinite(at);
  return isValid ? { flagKey, type, value, variant, metadata, at } : undefined;
}

function parseContent(content: unknown): unknown {
  if (typeof content !== 'string') return undefined;
  try {
    const parsed: unknown = JSON.parse(content);
    // A value that is nested too deep to be copied for callers counts as malformed here, before it fails an evaluation.
    if (isJsonObject(parsed)) copyValue(parsed.value as JsonValue);
    return parsed;
  } catch {
    return undefined;
  }
}
