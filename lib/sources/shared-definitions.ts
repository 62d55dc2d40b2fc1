import { hash, randomUUID } from 'node:crypto';
import { isObject } from '../evaluation';
import { type GuardedStore } from '../store';

/** Changes whenever what is stored changes its shape. */
const VERSION = 1;
const HEAD = `v${VERSION}:definitions`;
const BODY = `v${VERSION}:definitions:text`;
const DAY = 24 * 60 * 60 * 1000;
/** How long definitions are of use to an instance that starts while Flagship is down. */
const LIFETIME = 7 * DAY;
/** How soon a text that should be in the store and is not is written again: it takes a full download. */
const REWRITE = 10 * 60 * 1000;
/** How much later than the interval the others still wait for the one that downloads: its pauses vary, too. */
const GRACE = 1.25;

/** What the store says about the definitions in it; small, because every instance reads it at every interval. */
export interface SharedHead {
  /** The instance that asked Flagship. */
  readonly by: string;
  /** When it did, in milliseconds since 1970. */
  readonly at: number;
  readonly etag?: string;
  /** Tells one text from another. */
  readonly print: string;
  /** When the text was written. */
  readonly writtenAt: number;
}

/** Definitions that the instances of an application share: one of them downloads for all. */
export class SharedDefinitions {
  private readonly id = randomUUID();
  /** What this instance has written last, and when. */
  private written: Pick<SharedHead, 'print' | 'writtenAt'> | undefined;

  /**
   * @param interval How often Flagship is asked, in milliseconds.
   * @param patience How long the text may take to be read, in milliseconds.
   */
  constructor(
    private readonly store: GuardedStore,
    private readonly interval: number,
    private readonly patience: number,
  ) {}

  open(): void {
    this.store.open();
  }

  close(): void {
    this.store.close();
  }

  /** What is there. Never rejects. */
  async look(): Promise<SharedHead | undefined> {
    const found = await this.store.get(HEAD);
    if (found === undefined) return undefined;
    const head = readHead(found);
    if (head === undefined)
      this.store.reportGarbage('what it holds for the definitions is not what was written there.');
    // Not every store forgets in time.
    return head !== undefined && Date.now() - head.at > LIFETIME ? undefined : head;
  }

  /** Has another instance asked Flagship for this interval? Who asked last goes on asking. */
  isAskedByOther({ by, at }: SharedHead): boolean {
    const age = Date.now() - at;
    return by !== this.id && age < this.interval * GRACE && age > -this.interval;
  }

  /** Must the text be written (again), so that the next instance finds it? Not time and again for one that forgets. */
  isWanted(head: SharedHead | undefined, print: string | undefined): boolean {
    const { written } = this;
    if (!this.store.isAvailable) return false;
    if (written !== undefined && written.print === print && Date.now() - written.writtenAt < REWRITE)
      return false;
    return head === undefined || head.print !== print || Date.now() - head.writtenAt > DAY;
  }

  /** The text that belongs to the head; nothing when it is gone, or another one by now. */
  async read({ print }: SharedHead): Promise<string | undefined> {
    const text = await this.store.get(BODY, this.patience);
    return typeof text === 'string' && printOf(text) === print ? text : undefined;
  }

  /** Tells the others what Flagship has answered; nobody waits for it. */
  publish(text: string, print: string, etag: string | undefined): void {
    const now = Date.now();
    const written = { print, writtenAt: now };
    this.written = written;
    this.store.set(BODY, text, LIFETIME, this.patience);
    this.write({ by: this.id, at: now, etag, ...written });
  }

  /** Tells the others that Flagship has been asked and nothing has changed. */
  confirm(head: SharedHead): void {
    this.write({ ...head, by: this.id, at: Date.now() });
  }

  private write(head: SharedHead): void {
    this.store.set(HEAD, JSON.stringify(head), LIFETIME);
  }
}

/** Tells one text from another at a fraction of its size. */
export function printOf(text: string): string {
  return hash('sha256', text, 'base64url');
}

function readHead(found: unknown): SharedHead | undefined {
  try {
    const head: unknown = typeof found === 'string' ? JSON.parse(found) : undefined;
    if (!isObject(head)) return undefined;
    const { by, at, etag, print, writtenAt } = head as unknown as SharedHead;
    const isText = typeof by === 'string' && typeof print === 'string';
    const isEtag = etag === undefined || (typeof etag === 'string' && HEADER_VALUE.test(etag));
    return isText && isEtag && Number.isFinite(at) && Number.isFinite(writtenAt)
      ? { by, at, etag, print, writtenAt }
      : undefined;
  } catch {
    return undefined;
  }
}

/** It is sent to Flagship: nothing else of a header may be slipped in. */
const HEADER_VALUE = /^[\x20-\x7e]*$/;
