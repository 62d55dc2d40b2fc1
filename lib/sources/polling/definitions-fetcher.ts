import { type FlagMap } from '../../evaluation';
import { type UpstreamStats } from '../../http';
import { type ResolvedHttpOptions } from '../../options';
import { wallClockMs } from '../../runtime';
import { type GuardedStore } from '../../store';
import { DefinitionsClient, parseDefinitions } from './definitions-client';
import { versionOf } from './definitions-version';
import { type PublishedDefinitions, digestText, SharedDefinitions } from './shared-definitions';
import { type Revalidation, isSameOrNewer, type Manifest } from './manifest';

/** The properties of the definitions in force, apart from the flags. */
export interface DefinitionsState {
  readonly etag?: string;
  /** The version that answers carry; absent for definitions without an ETag. */
  readonly version?: string;
  /** The digest of their text; present where definitions are shared. */
  readonly digest?: string;
  /** The response in which Flagship confirmed them; present where definitions are shared. */
  readonly confirmation?: Revalidation;
  /** When Flagship last confirmed them, to this instance or another one, in milliseconds since 1970. */
  readonly confirmedAt?: number;
}

/** The result of a fetch. It changes nothing by itself: the caller puts it in force, or drops it. */
export interface FetchedDefinitions {
  /** The properties of the definitions in force after this result. */
  readonly held: DefinitionsState;
  /** The flags and their text; absent if they are the ones in force. */
  readonly update?: { readonly flags: FlagMap; readonly text: string };
}

/**
 * Fetches definitions: from the store that instances share, if another instance has requested them at this interval, or
 * from Flagship. It never returns definitions that may be older than the ones in force: in doubt it sends a request to
 * Flagship.
 */
export class DefinitionsFetcher {
  private readonly client: DefinitionsClient;
  private readonly shared: SharedDefinitions | undefined;

  constructor(http: ResolvedHttpOptions, refreshIntervalMs: number, store: GuardedStore | undefined) {
    this.client = new DefinitionsClient(http);
    this.shared = store && new SharedDefinitions(store, refreshIntervalMs, http.timeout);
  }

  open(): void {
    this.client.open();
  }

  /**
   * Fetches the definitions, if they are newer than the ones in force.
   *
   * @param held The ones in force, if there are any.
   * @param allowsCached Whether the result of another instance at this interval is enough.
   * @throws FlagshipError When there is no valid response.
   */
  async fetch(held: DefinitionsState | undefined, allowsCached: boolean): Promise<FetchedDefinitions> {
    const { shared } = this;
    if (shared === undefined) return this.download(held, held?.etag);
    const manifest = await shared.readManifest();
    if (allowsCached && manifest !== undefined && shared.isFresh(manifest)) {
      const adopted = await this.adopt(shared, held, manifest);
      if (adopted !== undefined) return adopted;
    }
    const needsText = shared.needsText(manifest, held?.digest);
    const fetched = await this.download(held, needsText ? undefined : held?.etag, shared);
    const announcement = toPublishedDefinitions(fetched.held);
    if (announcement !== undefined) shared.announce(announcement, manifest, fetched.update?.text);
    return fetched;
  }

  /**
   * Resolves when other instances can read what was fetched, or after the time that a healthy store needs. Never
   * rejects.
   */
  async untilWritten(): Promise<void> {
    await this.shared?.untilWritten();
  }

  /**
   * Returns the definitions in the store if they are newer than the ones in force, for use while Flagship does not
   * respond. If the ones in force are newer, announces them to the other instances.
   */
  async lastShared(held: DefinitionsState | undefined): Promise<FetchedDefinitions | undefined> {
    const { shared } = this;
    const manifest = await shared?.readManifest();
    if (shared === undefined || manifest?.digest === held?.digest) return undefined;
    const own = held?.confirmation;
    if (manifest !== undefined && (own === undefined || isSameOrNewer(manifest, own)))
      return this.readText(shared, manifest);
    // The definitions in force may be newer. The clocks decide only which ones a new instance finds in the store.
    const announcement = toPublishedDefinitions(held);
    if (announcement !== undefined && (manifest === undefined || announcement.confirmation.at > manifest.at))
      shared.announce(announcement, manifest);
    return undefined;
  }

  stats(): UpstreamStats {
    return this.client.stats();
  }

  close(): Promise<void> {
    this.shared?.close();
    return this.client.close();
  }

  private async download(
    held: DefinitionsState | undefined,
    etag: string | undefined,
    shared?: SharedDefinitions,
  ): Promise<FetchedDefinitions> {
    const confirm = shared?.beginRequest();
    const downloaded = await this.client.download(etag);
    const confirmation = confirm?.();
    const confirmedAt = confirmation?.at ?? wallClockMs();
    if (downloaded === undefined) return { held: { ...held, confirmation, confirmedAt } };
    const { flags, text, etag: newEtag } = downloaded;
    // Computed once and kept, because hashing megabytes takes milliseconds.
    const digest = shared && digestText(text);
    const version = versionOf(newEtag);
    return {
      held: { etag: newEtag, version, digest, confirmation, confirmedAt },
      update: { flags, text },
    };
  }

  /**
   * Returns the definitions that another instance has stored; undefined if they may be older than the ones in force, or
   * cannot be read.
   */
  private async adopt(
    shared: SharedDefinitions,
    held: DefinitionsState | undefined,
    manifest: Manifest,
  ): Promise<FetchedDefinitions | undefined> {
    // Even if the digests are equal: the request that follows announces this instance's confirmation to the others.
    if (held?.confirmation !== undefined && !isSameOrNewer(manifest, held.confirmation)) return undefined;
    if (manifest.digest !== held?.digest) return this.readText(shared, manifest);
    return { held: { ...held, confirmation: toConfirmation(manifest), confirmedAt: manifest.at } };
  }

  private async readText(
    shared: SharedDefinitions,
    manifest: Manifest,
  ): Promise<FetchedDefinitions | undefined> {
    const text = await shared.readText(manifest);
    if (text === undefined) return undefined;
    try {
      const { etag, digest, at } = manifest;
      const confirmation = toConfirmation(manifest);
      const held = { etag, version: versionOf(etag), digest, confirmation, confirmedAt: at };
      return { held, update: { flags: parseDefinitions(text), text } };
    } catch {
      // Flagship would not have sent this text, so another program has written it.
      return undefined;
    }
  }
}

function toConfirmation({ by, count, at, seen }: Manifest): Revalidation {
  return { by, count, at, seen };
}

function toPublishedDefinitions(held: DefinitionsState | undefined): PublishedDefinitions | undefined {
  const { digest, etag, confirmation } = held ?? {};
  return digest === undefined || confirmation === undefined ? undefined : { digest, etag, confirmation };
}
