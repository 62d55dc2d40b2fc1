import { type FlagMap } from '../../evaluation';
import { type UpstreamStats } from '../../http';
import { type ResolvedHttpOptions } from '../../options';
import { wallClockMs } from '../../runtime';
import { type GuardedStore } from '../../store';
import { DefinitionsClient, parseDefinitions } from './definitions-client';
import { type Announcement, digestOf, SharedDefinitions } from './shared-definitions';
import { type Confirmation, isSince, type Manifest } from './manifest';

/** What is known of the definitions in force, apart from the flags. */
export interface HeldDefinitions {
  readonly etag?: string;
  /** Tells their text from another; there where definitions are shared. */
  readonly digest?: string;
  /** Flagship's answer that they are its definitions; there where definitions are shared. */
  readonly confirmation?: Confirmation;
  /** When Flagship has last said so, to this instance or another one; in milliseconds since 1970. */
  readonly confirmedAt?: number;
}

/** What a fetch has found. It changes nothing by itself: the caller puts it in force, or drops it. */
export interface FetchedDefinitions {
  /** What is held once this is in force. */
  readonly held: HeldDefinitions;
  /** The flags and their text; absent where they are those that are held already. */
  readonly update?: { readonly flags: FlagMap; readonly text: string };
}

/**
 * Where definitions come from: the store that instances share, where another one has asked lately, or Flagship.
 * Definitions that may be older than the ones held are never taken: when in doubt, Flagship is asked.
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
   * Fetches what is new since the definitions that are held.
   *
   * @param mayShare Whether what another instance has found at this interval will do.
   * @throws FlagshipError When there is no usable answer.
   */
  async fetch(held: HeldDefinitions | undefined, mayShare: boolean): Promise<FetchedDefinitions> {
    const { shared } = this;
    if (shared === undefined) return this.ask(held, held?.etag);
    const head = await shared.readManifest();
    if (mayShare && head !== undefined && shared.isFresh(head)) {
      const taken = await this.take(shared, held, head);
      if (taken !== undefined) return taken;
    }
    const isTextWanted = shared.isTextWanted(head, held?.digest);
    const fetched = await this.ask(held, isTextWanted ? undefined : held?.etag, shared);
    const announced = announcementOf(fetched.held);
    if (announced !== undefined) shared.announce(announced, head, fetched.update?.text);
    return fetched;
  }

  /** Resolves when other instances can know of what was fetched, or a healthy store would have told them. Never rejects. */
  async settled(): Promise<void> {
    await this.shared?.settled();
  }

  /**
   * Definitions in the store that are newer than the ones held, for the time that Flagship cannot be asked; where those
   * held are newer, tells the others.
   */
  async lastShared(held: HeldDefinitions | undefined): Promise<FetchedDefinitions | undefined> {
    const { shared } = this;
    const head = await shared?.readManifest();
    if (shared === undefined || head?.digest === held?.digest) return undefined;
    const own = held?.confirmation;
    if (head !== undefined && (own === undefined || isSince(head, own))) return this.read(shared, head);
    // What this instance holds is newer, or may be. Clocks decide no more than what a new instance will find.
    const announced = announcementOf(held);
    if (announced !== undefined && (head === undefined || announced.confirmation.at > head.at))
      shared.announce(announced, head);
    return undefined;
  }

  stats(): UpstreamStats {
    return this.client.stats();
  }

  close(): Promise<void> {
    this.shared?.close();
    return this.client.close();
  }

  private async ask(
    held: HeldDefinitions | undefined,
    etag: string | undefined,
    shared?: SharedDefinitions,
  ): Promise<FetchedDefinitions> {
    const confirm = shared?.ask();
    const downloaded = await this.client.download(etag);
    const confirmation = confirm?.();
    const confirmedAt = confirmation?.at ?? wallClockMs();
    if (downloaded === undefined) return { held: { ...held, confirmation, confirmedAt } };
    const { flags, text } = downloaded;
    // Once: of megabytes it takes a while.
    const digest = shared && digestOf(text);
    return { held: { etag: downloaded.etag, digest, confirmation, confirmedAt }, update: { flags, text } };
  }

  /** What another instance has found; nothing where that may be older than what is held, or is not to be had. */
  private async take(
    shared: SharedDefinitions,
    held: HeldDefinitions | undefined,
    head: Manifest,
  ): Promise<FetchedDefinitions | undefined> {
    // Asked although it may hold the same: the others do not know of this instance's answer, and learn of it so.
    if (held?.confirmation !== undefined && !isSince(head, held.confirmation)) return undefined;
    if (head.digest !== held?.digest) return this.read(shared, head);
    return { held: { ...held, confirmation: confirmationOf(head), confirmedAt: head.at } };
  }

  private async read(shared: SharedDefinitions, head: Manifest): Promise<FetchedDefinitions | undefined> {
    const text = await shared.read(head);
    if (text === undefined) return undefined;
    try {
      const { etag, digest, at } = head;
      const held = { etag, digest, confirmation: confirmationOf(head), confirmedAt: at };
      return { held, update: { flags: parseDefinitions(text), text } };
    } catch {
      // Not what Flagship would have sent, whoever has put it there.
      return undefined;
    }
  }
}

function confirmationOf({ by, count, at, seen }: Manifest): Confirmation {
  return { by, count, at, seen };
}

function announcementOf(held: HeldDefinitions | undefined): Announcement | undefined {
  const { digest, etag, confirmation } = held ?? {};
  return digest === undefined || confirmation === undefined ? undefined : { digest, etag, confirmation };
}
