import { hash, randomUUID } from 'node:crypto';
import { limited, wallClockMs } from '../../runtime';
import { type GuardedStore } from '../../store';
import { NewestWrite } from './newest-write';
import { VersionVector, type Confirmation, isSince, parseManifest, type Manifest } from './manifest';

/** Changes whenever what is stored changes its shape. */
const VERSION = 2;
const MANIFEST_KEY = `v${VERSION}:definitions`;
const TEXT_KEY = `v${VERSION}:definitions:text`;
const DAY_MS = 24 * 60 * 60 * 1000;
/** How long definitions are of use to an instance that starts while Flagship is down. */
const LIFETIME_MS = 7 * DAY_MS;
/** How soon a text that was written and is not in the store is written again: it takes a full download. */
const REWRITE_MS = 10 * 60 * 1000;
/** How much later than the interval the others still wait for the one that downloads: its pauses vary, too. */
const GRACE = 1.25;
/** How long a refresh that has put its flags in force waits until the others can know of them. */
const SETTLE_LIMIT_MS = 50;

/** Definitions that this instance holds, as the others are told of them. */
export interface Announcement {
  readonly digest: string;
  readonly etag: string | undefined;
  /** Flagship's answer that they are its definitions. */
  readonly confirmation: Confirmation;
}

/** Definitions that the instances of an application share: one of them downloads for all. */
export class SharedDefinitions {
  private readonly id = randomUUID();
  private readonly seen = new VersionVector();
  private readonly writes = new NewestWrite();
  /** How many answers this instance has had from Flagship. */
  private answers = 0;
  /** The text that this instance has last written, and when by the monotonic clock. */
  private written: { readonly digest: string; readonly at: number; readonly writtenAt: number } | undefined;
  /** A text that is to be in the store and is not yet. */
  private unwritten: { readonly digest: string; readonly text: string } | undefined;
  /** The text that the head names and that was not there. */
  private missingText: string | undefined;
  /** When the unwritten text may be tried again, by the monotonic clock, and how long the pause after that is. */
  private retryAt = 0;
  private retryPauseMs = 0;
  /** The head that was there last, and since when it can have been, by the monotonic clock. */
  private observed: { readonly name: string; readonly since: number } | undefined;
  private readAt: number | undefined;

  /**
   * @param intervalMs How often Flagship is asked.
   * @param textLimitMs How long the text may take to be read or written.
   */
  constructor(
    private readonly store: GuardedStore,
    private readonly intervalMs: number,
    private readonly textLimitMs: number,
  ) {}

  /** Drops the text that is still to be written. */
  close(): void {
    this.unwritten = undefined;
  }

  /** What is there. Never rejects. */
  async readManifest(): Promise<Manifest | undefined> {
    const head = await this.loadManifest();
    if (head !== undefined) {
      this.seen.add(head.seen);
      this.observe(head);
    }
    this.readAt = performance.now();
    return head;
  }

  /** Whether another instance has asked Flagship for this interval. Who asked last goes on asking. */
  isFresh({ by }: Manifest): boolean {
    const { observed } = this;
    return (
      by !== this.id && observed !== undefined && performance.now() - observed.since < this.intervalMs * GRACE
    );
  }

  /** Begins a question to Flagship. The returned function ends it, and returns what its answer confirms. */
  ask(): () => Confirmation {
    const seen = this.seen.list();
    return () => {
      const count = ++this.answers;
      const own = [this.id, count] as const;
      this.seen.add([own]);
      const older = seen.filter(([instance]) => instance !== this.id);
      return { by: this.id, count, at: wallClockMs(), seen: [...older, own] };
    };
  }

  /** Whether the text must be had, so that it can be written for the next instance to find. */
  isTextWanted(head: Manifest | undefined, digest: string | undefined): boolean {
    return this.store.isAvailable && this.unwritten?.digest !== digest && this.isMissing(head, digest);
  }

  /** The text that belongs to the head; nothing when it is gone, or another one by now. */
  async read({ digest }: Manifest): Promise<string | undefined> {
    const text = await this.store.get(TEXT_KEY, this.textLimitMs);
    if (typeof text === 'string' && digestOf(text) === digest) return text;
    if (this.store.isAvailable) this.missingText = digest;
    return undefined;
  }

  /**
   * Tells the others what this instance holds, without making it wait: the text where it is missing, and then that it is
   * Flagship's.
   *
   * @param head What was in the store before Flagship was asked.
   * @param downloaded The text, where Flagship has just sent it.
   */
  announce(held: Announcement, head: Manifest | undefined, downloaded?: string): void {
    const { digest } = held;
    if (!this.isMissing(head, digest)) this.unwritten = undefined;
    else if (downloaded !== undefined) this.unwritten = { digest, text: downloaded };
    else if (this.unwritten?.digest !== digest) this.unwritten = undefined;
    const { unwritten } = this;
    if (unwritten !== undefined) {
      if (this.store.isAvailable && performance.now() >= this.retryAt)
        this.writes.run(() => this.publish(held, unwritten.text));
      return;
    }
    // Where the head is gone, the text is gone, too.
    if (head === undefined) return;
    const { written } = this;
    const text = head.digest === digest ? head : written?.digest === digest ? written : undefined;
    if (text !== undefined) this.writes.run(() => this.touch(held, text.writtenAt));
  }

  /** Resolves when the others have been told, or a healthy store would have done so. Never rejects. */
  settled(): Promise<void> {
    return limited('sharedDefinitions', this.writes.idle, SETTLE_LIMIT_MS).catch(() => undefined);
  }

  /** Whether the text is to be written: for a store that forgets it, once in ten minutes. */
  private isMissing(head: Manifest | undefined, digest: string | undefined): boolean {
    const { written } = this;
    if (digest !== undefined && this.missingText === digest) return true;
    if (written !== undefined && written.digest === digest && performance.now() - written.at < REWRITE_MS)
      return false;
    return head === undefined || head.digest !== digest || wallClockMs() - head.writtenAt > DAY_MS;
  }

  /** The text first: what the head says is in the store is there. */
  private async publish(held: Announcement, text: string): Promise<void> {
    const { digest } = held;
    const writtenAt = wallClockMs();
    const isWritten =
      (await this.store.write(TEXT_KEY, text, LIFETIME_MS, this.textLimitMs)) &&
      (await this.writeManifest(held, writtenAt));
    if (isWritten) {
      this.retryPauseMs = 0;
      if (this.unwritten?.digest === digest) this.unwritten = undefined;
      if (this.missingText === digest) this.missingText = undefined;
      this.written = { digest, at: performance.now(), writtenAt };
    } else {
      this.retryAt = performance.now() + this.retryPauseMs;
      this.retryPauseMs = Math.min(Math.max(this.intervalMs, this.retryPauseMs * 2), REWRITE_MS);
    }
  }

  /** Not where another instance has been told something else meanwhile: it may be newer. The next load finds out. */
  private async touch(held: Announcement, writtenAt: number): Promise<void> {
    const now = await this.loadManifest();
    if (now !== undefined && (now.digest === held.digest || isSince(held.confirmation, now)))
      await this.writeManifest(held, writtenAt);
  }

  private writeManifest({ digest, etag, confirmation }: Announcement, writtenAt: number): Promise<boolean> {
    const head: Manifest = { ...confirmation, etag, digest, writtenAt };
    return this.store.write(MANIFEST_KEY, JSON.stringify(head), LIFETIME_MS);
  }

  private async loadManifest(): Promise<Manifest | undefined> {
    const found = await this.store.get(MANIFEST_KEY);
    if (found === undefined) return undefined;
    const head = parseManifest(found);
    if (head === undefined)
      this.store.reportCorruptEntry('what it holds for the definitions is not what was written there.');
    // Not every store forgets in time.
    return head !== undefined && wallClockMs() - head.at > LIFETIME_MS ? undefined : head;
  }

  /** Its age by the two clocks, where they agree that it came after the last look; else it may be as old as that look. */
  private observe({ by, count, at }: Manifest): void {
    const name = `${by} ${count}`;
    if (this.observed?.name === name) return;
    const now = performance.now();
    const oldest = this.readAt === undefined ? Infinity : now - this.readAt;
    const age = wallClockMs() - at;
    const isPlausible = age > -this.intervalMs && age <= oldest;
    this.observed = { name, since: now - (isPlausible ? Math.max(0, age) : oldest) };
  }
}

/** Tells one text from another at a fraction of its size. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}
