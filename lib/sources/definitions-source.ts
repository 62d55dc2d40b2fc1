import { FlagshipError, FlagshipErrorCode, messageOf } from '../errors';
import { type ResolvedSource } from '../options';
import { DefinitionsCache } from './definitions-cache';
import { DefinitionsClient, type DownloadedDefinitions } from './definitions-client';
import { type ContextAttributes, type FlagSource, type Resolution, type SourceListener } from './flag-source';
import { RefreshTimer } from './refresh-timer';
import { Snapshot } from './snapshot';

/** How many malformed flags of one download are named. */
const MAX_TOLD = 10;

type LocalOptions = Extract<ResolvedSource, { kind: 'local' }>;

/** Evaluates in this process, with definitions that it downloads and keeps fresh. */
export class DefinitionsSource implements FlagSource {
  readonly ownsValues = true;

  private readonly client: DefinitionsClient;
  private readonly cache: DefinitionsCache | undefined;
  private readonly timer: RefreshTimer;
  private snapshot: Snapshot | undefined;
  private etag: string | undefined;
  private isStale = false;
  private loading: Promise<boolean> | undefined;
  /** Never rejects. */
  private keeping: Promise<void> = Promise.resolve();
  /** Counts openings and closings: what was under way before one of them belongs to nobody. */
  private life = 0;

  constructor(
    private readonly options: LocalOptions,
    private readonly listener: SourceListener,
  ) {
    const { http, cacheFile, refreshInterval } = options;
    this.client = new DefinitionsClient(http);
    this.cache = cacheFile === undefined ? undefined : new DefinitionsCache(cacheFile, http.endpoint.href);
    this.timer = new RefreshTimer(refreshInterval, () => void this.refresh());
  }

  /**
   * Loads the definitions. Where that fails, a kept file takes their place; without one the source goes on trying.
   *
   * @throws FlagshipError Why there are no flags yet; `UNAUTHORIZED` when trying again is of no use.
   */
  async open(): Promise<void> {
    const life = ++this.life;
    this.client.open();
    try {
      await this.load(life);
      this.timer.schedule(true);
    } catch (error) {
      if (life !== this.life) throw error;
      if (isRefusal(error)) throw error;
      const isFilled = await this.useKept(life, error);
      if (life === this.life) this.timer.schedule(false);
      if (!isFilled) throw error;
    }
  }

  evaluate(flagKey: string, context: ContextAttributes): Resolution {
    if (this.snapshot === undefined) {
      throw new FlagshipError(
        'The definitions have not been loaded yet.',
        FlagshipErrorCode.PROVIDER_NOT_READY,
      );
    }
    return this.snapshot.ruleset.evaluate(flagKey, context);
  }

  /** Calls that come while one is under way wait for that one. */
  refresh(): Promise<boolean> {
    const { life } = this;
    this.loading ??= this.reload(life).finally(() => {
      if (life === this.life) this.loading = undefined;
    });
    return this.loading;
  }

  flagKeys(): ReadonlySet<string> | undefined {
    return this.snapshot && new Set(this.snapshot.ruleset.keys);
  }

  async close(): Promise<void> {
    this.life++;
    this.timer.stop();
    this.snapshot = undefined;
    this.etag = undefined;
    this.isStale = false;
    this.loading = undefined;
    await Promise.all([this.client.close(), this.keeping]);
  }

  private async reload(life: number): Promise<boolean> {
    this.timer.stop();
    const isFirst = this.snapshot === undefined;
    try {
      await this.load(life);
    } catch (error) {
      if (life !== this.life) return false;
      if (!isFirst) this.becomeStale(error);
      // Without flags and with a token that is refused, there is nothing to wait for.
      if (isFirst && isRefusal(error)) this.listener.failed(messageOf(error));
      else this.timer.schedule(!isFirst);
      return false;
    }
    if (life !== this.life) return false;
    this.timer.schedule(true);
    if (isFirst || this.isStale) this.listener.recovered();
    this.isStale = false;
    return true;
  }

  /** One download; what it brings is put to use only if nobody has closed the source meanwhile. */
  private async load(life: number): Promise<void> {
    const downloaded = await this.client.download(this.etag);
    if (downloaded === undefined) return;
    const next = await Snapshot.compile(downloaded.flags, this.options.accountId);
    this.expectSame(life);
    const before = this.snapshot;
    this.snapshot = next;
    this.etag = downloaded.etag;
    const changed = next.changedSince(before);
    this.tellMalformed(next, changed);
    if (before !== undefined && changed.length > 0) this.listener.changed(changed);
    this.keeping = this.keep(downloaded);
    await this.keeping;
    this.expectSame(life);
  }

  private expectSame(life: number): void {
    if (life === this.life) return;
    throw new FlagshipError('The source was closed.', FlagshipErrorCode.PROVIDER_NOT_READY);
  }

  /** Once for each version of a flag, and not for thousands of them. */
  private tellMalformed({ ruleset }: Snapshot, changed: readonly string[]): void {
    const news = new Set(changed);
    const problems = ruleset.malformed.filter(({ flagKey }) => news.has(flagKey));
    for (const { flagKey, message } of problems.slice(0, MAX_TOLD)) {
      this.listener.warn(`Flag "${flagKey}" is malformed at ${message}. It answers PARSE_ERROR.`);
    }
    if (problems.length > MAX_TOLD)
      this.listener.warn(`${problems.length - MAX_TOLD} more flags are malformed.`);
  }

  private becomeStale(error: unknown): void {
    if (this.isStale) return;
    this.isStale = true;
    this.listener.stale(messageOf(error));
  }

  private async keep({ text }: DownloadedDefinitions): Promise<void> {
    try {
      await this.cache?.write(text);
    } catch (error) {
      this.listener.warn(
        `The definitions could not be kept (option "definitionsCache"): ${messageOf(error)}`,
      );
    }
  }

  private async useKept(life: number, reason: unknown): Promise<boolean> {
    if (this.cache === undefined) return false;
    try {
      const kept = await Snapshot.compile(await this.cache.read(), this.options.accountId);
      if (life !== this.life) return false;
      this.snapshot = kept;
    } catch (error) {
      this.listener.warn(
        `The kept definitions (option "definitionsCache") cannot be used: ${messageOf(error)}`,
      );
      return false;
    }
    this.listener.warn(
      `Flagship cannot be asked; the definitions kept on disk are used. ${messageOf(reason)}`,
    );
    this.becomeStale(reason);
    return true;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof FlagshipError && error.code === FlagshipErrorCode.UNAUTHORIZED;
}
