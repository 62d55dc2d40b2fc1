import { type ResolvedSource } from '../options';
import { GuardedStore, type StoreListener, storePrefix } from '../store';
import { DefinitionsClient, type DownloadedDefinitions, parseDefinitions } from './definitions-client';
import { type SourceStats } from './flag-source';
import { printOf, SharedDefinitions, type SharedHead } from './shared-definitions';

/** Definitions that are news, and when Flagship was asked for them. */
export interface DefinitionsNews extends DownloadedDefinitions {
  readonly at: number;
  /** Tells their text from another; there where definitions are shared. */
  readonly print: string | undefined;
}

/** Where definitions come from: the store that instances share, where another one has asked lately, or Flagship. */
export class DefinitionsFeed {
  private readonly client: DefinitionsClient;
  private readonly shared: SharedDefinitions | undefined;
  private etag: string | undefined;
  /** Of the text in use; known only where definitions are shared. */
  private print: string | undefined;
  /** When Flagship has last said that these are its flags; 0 for not yet. */
  private at = 0;

  constructor(
    { http, refreshInterval, store }: Extract<ResolvedSource, { kind: 'local' }>,
    listener: StoreListener,
  ) {
    this.client = new DefinitionsClient(http);
    if (store === undefined) return;
    const guarded = new GuardedStore(store, storePrefix(http.namespace), listener);
    this.shared = new SharedDefinitions(guarded, refreshInterval, http.timeout);
  }

  open(): void {
    this.client.open();
    this.shared?.open();
  }

  /**
   * What is new since the definitions that were accepted last; nothing when they are still those.
   *
   * @param mayShare Will what another instance has found at this interval do?
   * @throws FlagshipError When there is no usable answer.
   */
  async next(mayShare: boolean): Promise<DefinitionsNews | undefined> {
    const { shared } = this;
    if (shared === undefined) return this.download(this.etag);
    const head = await shared.look();
    if (mayShare && head !== undefined && shared.isAskedByOther(head)) {
      if (head.print === this.print) {
        this.at = head.at;
        return undefined;
      }
      const news = await this.read(shared, head);
      if (news !== undefined) return news;
    }
    const news = await this.download(shared.isWanted(head, this.print) ? undefined : this.etag);
    if (news?.print !== undefined) shared.publish(news.text, news.print, news.etag);
    else if (head !== undefined) shared.confirm(head);
    return news;
  }

  /** Definitions in the store that are newer than ours, for the time that Flagship cannot be asked. */
  async lastShared(): Promise<DefinitionsNews | undefined> {
    const { shared } = this;
    const head = await shared?.look();
    if (shared === undefined || head === undefined) return undefined;
    return head.print === this.print || head.at <= this.at ? undefined : this.read(shared, head);
  }

  /** These are in use from now on. */
  accept({ etag, print, at }: DefinitionsNews): void {
    this.etag = etag;
    this.print = print;
    this.at = at;
  }

  stats(): SourceStats {
    const confirmedAt = this.at === 0 ? undefined : new Date(this.at);
    return { upstream: this.client.stats(), circuit: undefined, definitions: { confirmedAt } };
  }

  /** From now on this instance asks for itself. */
  letGo(): void {
    this.shared?.close();
  }

  close(): Promise<void> {
    this.etag = undefined;
    this.print = undefined;
    this.at = 0;
    this.letGo();
    return this.client.close();
  }

  private async download(etag: string | undefined): Promise<DefinitionsNews | undefined> {
    const at = Date.now();
    const downloaded = await this.client.download(etag);
    // Once: of megabytes it takes a while.
    if (downloaded !== undefined)
      return { ...downloaded, at, print: this.shared && printOf(downloaded.text) };
    this.at = at;
    return undefined;
  }

  private async read(shared: SharedDefinitions, head: SharedHead): Promise<DefinitionsNews | undefined> {
    const text = await shared.read(head);
    if (text === undefined) return undefined;
    try {
      const { etag, at, print } = head;
      return { flags: parseDefinitions(text), etag, text, at, print };
    } catch {
      // Not what Flagship would have sent, whoever has put it there.
      return undefined;
    }
  }
}
