import { hash, randomUUID } from 'node:crypto';
import { withTimeLimit, wallClockMs } from '../../runtime';
import { type GuardedStore } from '../../store';
import { NewestWrite } from './newest-write';
import { VersionVector, type Revalidation, isSameOrNewer, parseManifest, type Manifest } from './manifest';

/** Increases when the format of the entries changes. */
const VERSION = 2;
const MANIFEST_KEY = `v${VERSION}:definitions`;
const TEXT_KEY = `v${VERSION}:definitions:text`;
const DAY_MS = 24 * 60 * 60 * 1000;
/** How long an instance that starts without Flagship may use the stored definitions. */
const LIFETIME_MS = 7 * DAY_MS;
/**
 * The shortest time in milliseconds between two writes of one text. To replace a text that has disappeared from the
 * store, an instance downloads it in full.
 */
const REWRITE_MS = 10 * 60 * 1000;
/**
 * Times the interval: how long a manifest is fresh. More than 1, because the pauses of the requesting instance vary.
 */
const FRESHNESS_FACTOR = 1.25;
/** The longest time in milliseconds that a refresh waits until the other instances can read its definitions. */
const SETTLE_LIMIT_MS = 50;

/** The definitions that this instance holds, for the other instances. */
export interface PublishedDefinitions {
  readonly digest: string;
  readonly etag: string | undefined;
  /** The response in which Flagship confirmed them. */
  readonly confirmation: Revalidation;
}

/**
 * The definitions that the instances of an application share, so that one of them downloads for all. The store has two
 * entries: the text, and a small manifest with its digest. Times of this process are by the monotonic clock, times in
 * the store in milliseconds since 1970.
 */
export class SharedDefinitions {
  private readonly id = randomUUID();
  private readonly seen = new VersionVector();
  private readonly writes = new NewestWrite();
  /** The number of responses that this instance has received from Flagship. */
  private responseCount = 0;
  /** The text that this instance wrote last. */
  private written:
    { readonly digest: string; readonly monotonicMs: number; readonly writtenAt: number } | undefined;
  /** The text that must be written and is not in the store yet. */
  private unwritten: { readonly digest: string; readonly text: string } | undefined;
  /** The digest of the text that a manifest named and that was not in the store. */
  private missingDigest: string | undefined;
  /** When the next attempt to write the text may begin. */
  private retryAtMs = 0;
  private retryPauseMs = 0;
  /** The confirmation in the last manifest, and the earliest time at which it can have been given. */
  private observed: { readonly id: string; readonly sinceMs: number } | undefined;
  private lastReadAtMs: number | undefined;

  /**
   * @param intervalMs The interval between requests to Flagship.
   * @param textLimitMs The time limit for reading or writing the text.
   */
  constructor(
    private readonly store: GuardedStore,
    private readonly intervalMs: number,
    private readonly textLimitMs: number,
  ) {}

  /** Drops the text that is not written yet. */
  close(): void {
    this.unwritten = undefined;
  }

  /** Returns the manifest in the store, if there is one. Never rejects. */
  async readManifest(): Promise<Manifest | undefined> {
    const manifest = await this.loadManifest();
    if (manifest !== undefined) {
      this.seen.add(manifest.seen);
      this.observe(manifest);
    }
    this.lastReadAtMs = performance.now();
    return manifest;
  }

  /**
   * Whether another instance has requested the definitions for this interval. For the instance that requested them last
   * it is false, so that the same one goes on.
   */
  isFresh({ by }: Manifest): boolean {
    const { observed } = this;
    return (
      by !== this.id &&
      observed !== undefined &&
      performance.now() - observed.sinceMs < this.intervalMs * FRESHNESS_FACTOR
    );
  }

  /** Begins a request to Flagship. The returned function is called for the response, and returns the confirmation. */
  beginRequest(): () => Revalidation {
    const seen = this.seen.list();
    return () => {
      const count = ++this.responseCount;
      const own = [this.id, count] as const;
      this.seen.add([own]);
      const older = seen.filter(([instance]) => instance !== this.id);
      return { by: this.id, count, at: wallClockMs(), seen: [...older, own] };
    };
  }

  /**
   * Whether the next request must download the text, even if it has not changed, so that it can be written to the
   * store.
   */
  needsText(manifest: Manifest | undefined, digest: string | undefined): boolean {
    return (
      this.store.isAvailable && this.unwritten?.digest !== digest && this.mustWriteText(manifest, digest)
    );
  }

  /** Returns the text of a manifest; undefined if it is gone, or has been replaced by another one. */
  async readText({ digest }: Manifest): Promise<string | undefined> {
    const text = await this.store.get(TEXT_KEY, this.textLimitMs);
    if (typeof text === 'string' && digestText(text) === digest) return text;
    if (this.store.isAvailable) this.missingDigest = digest;
    return undefined;
  }

  /**
   * Announces the definitions of this instance to the others, without blocking the caller: writes the text if it is
   * missing, and then the manifest.
   *
   * @param manifest The manifest in the store before the request to Flagship.
   * @param downloaded The text, if Flagship has just sent it.
   */
  announce(published: PublishedDefinitions, manifest: Manifest | undefined, downloaded?: string): void {
    const { digest } = published;
    if (!this.mustWriteText(manifest, digest)) this.unwritten = undefined;
    else if (downloaded !== undefined) this.unwritten = { digest, text: downloaded };
    else if (this.unwritten?.digest !== digest) this.unwritten = undefined;
    const { unwritten } = this;
    if (unwritten !== undefined) {
      if (this.store.isAvailable && performance.now() >= this.retryAtMs)
        this.writes.run(() => this.publish(published, unwritten.text));
      return;
    }
    // If the manifest is gone, the text is gone too.
    if (manifest === undefined) return;
    const { written } = this;
    const text = manifest.digest === digest ? manifest : written?.digest === digest ? written : undefined;
    if (text !== undefined) this.writes.run(() => this.touch(published, text.writtenAt));
  }

  /** Resolves when all writes have ended, or after the time that a healthy store needs. Never rejects. */
  untilWritten(): Promise<void> {
    return withTimeLimit('sharedDefinitions', this.writes.idle, SETTLE_LIMIT_MS).catch(() => undefined);
  }

  /** Whether the text must be written: it is missing or old. At most once in ten minutes, for a store that drops it. */
  private mustWriteText(manifest: Manifest | undefined, digest: string | undefined): boolean {
    const { written } = this;
    if (digest !== undefined && this.missingDigest === digest) return true;
    const isJustWritten =
      written !== undefined &&
      written.digest === digest &&
      performance.now() - written.monotonicMs < REWRITE_MS;
    if (isJustWritten) return false;
    return (
      manifest === undefined || manifest.digest !== digest || wallClockMs() - manifest.writtenAt > DAY_MS
    );
  }

  /** Writes the text and then the manifest, so that a manifest never names a text that was not written. */
  private async publish(published: PublishedDefinitions, text: string): Promise<void> {
    const { digest } = published;
    const writtenAt = wallClockMs();
    const isWritten =
      (await this.store.write(TEXT_KEY, text, LIFETIME_MS, this.textLimitMs)) &&
      (await this.writeManifest(published, writtenAt));
    if (isWritten) {
      this.retryPauseMs = 0;
      if (this.unwritten?.digest === digest) this.unwritten = undefined;
      if (this.missingDigest === digest) this.missingDigest = undefined;
      this.written = { digest, monotonicMs: performance.now(), writtenAt };
    } else {
      this.retryAtMs = performance.now() + this.retryPauseMs;
      this.retryPauseMs = Math.min(Math.max(this.intervalMs, this.retryPauseMs * 2), REWRITE_MS);
    }
  }

  /**
   * Writes the manifest again, with the new confirmation. If another instance has announced other definitions
   * meanwhile, which may be newer, it writes nothing, and the next load decides.
   */
  private async touch(published: PublishedDefinitions, writtenAt: number): Promise<void> {
    const manifest = await this.loadManifest();
    if (manifest === undefined) return;
    if (manifest.digest === published.digest || isSameOrNewer(published.confirmation, manifest))
      await this.writeManifest(published, writtenAt);
  }

  private writeManifest(
    { digest, etag, confirmation }: PublishedDefinitions,
    writtenAt: number,
  ): Promise<boolean> {
    const manifest: Manifest = { ...confirmation, etag, digest, writtenAt };
    return this.store.write(MANIFEST_KEY, JSON.stringify(manifest), LIFETIME_MS);
  }

  private async loadManifest(): Promise<Manifest | undefined> {
    const content = await this.store.get(MANIFEST_KEY);
    if (content === undefined) return undefined;
    const manifest = parseManifest(content);
    if (manifest === undefined)
      this.store.reportCorruptEntry('the entry with the manifest of the definitions is malformed.');
    // A store may delete entries later than their TTL.
    const isExpired = manifest !== undefined && wallClockMs() - manifest.at > LIFETIME_MS;
    return isExpired ? undefined : manifest;
  }

  /**
   * Notes since when a confirmation can have existed: its age by the two clocks, if that age is plausible, and
   * otherwise the time since the previous read of the manifest.
   */
  private observe({ by, count, at }: Manifest): void {
    const id = `${by} ${count}`;
    if (this.observed?.id === id) return;
    const now = performance.now();
    const oldestMs = this.lastReadAtMs === undefined ? Infinity : now - this.lastReadAtMs;
    const ageMs = wallClockMs() - at;
    const isPlausible = ageMs > -this.intervalMs && ageMs <= oldestMs;
    this.observed = { id, sinceMs: now - (isPlausible ? Math.max(0, ageMs) : oldestMs) };
  }
}

/** Returns a digest of the text, which identifies it at a fraction of its size. */
export function digestText(text: string): string {
  return hash('sha256', text, 'base64url');
}
