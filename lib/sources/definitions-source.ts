import { FlagshipError, FlagshipErrorCode, messageOf } from '../errors';
import { outsideTraces } from '../http';
import { type ResolvedSource } from '../options';
import { DefinitionsCache } from './definitions-cache';
import { DefinitionsFeed, type DefinitionsNews } from './definitions-feed';
import {
  type ContextAttributes,
  type FlagSource,
  type Resolution,
  type SourceListener,
  type SourceStats,
} from './flag-source';
import { RefreshTimer } from './refresh-timer';
import { Snapshot } from './snapshot';

/** How many malformed flags of one download are named. */
const MAX_TOLD = 10;

type LocalOptions = Extract<ResolvedSource, { kind: 'local' }>;

/** Evaluates in this process, with definitions that it downloads and keeps fresh. */
export class DefinitionsSource implements FlagSource {
  private readonly feed: DefinitionsFeed;
  private readonly cache: DefinitionsCache | undefined;
  private readonly accountId: string;
  private readonly timer: RefreshTimer;
  private snapshot: Snapshot | undefined;
  private isStale = false;
  private loading: Promise<boolean> | undefined;
  /** Never rejects. */
  private keeping: Promise<void> = Promise.resolve();
  /** Counts openings and closings: what was under way before one of them belongs to nobody. */
  private life = 0;

  constructor(
    options: LocalOptions,
    private readonly listener: SourceListener,
  ) {
    const { http, cacheFile, refreshInterval, accountId } = options;
    this.accountId = accountId;
    this.feed = new DefinitionsFeed(options, listener);
    this.cache = cacheFile === undefined ? undefined : new DefinitionsCache(cacheFile, http.endpoint.href);
    this.timer = new RefreshTimer(refreshInterval, () => void outsideTraces(() => this.follow(true)));
  }

  /**
   * Loads the definitions. Where that fails, older ones from the shared store or from a kept file take their place;
   * without any the source goes on trying.
   *
   * @throws FlagshipError Why there are no flags yet; `UNAUTHORIZED` when trying again is of no use.
   */
  async open(): Promise<void> {
    const life = ++this.life;
    this.feed.open();
    try {
      await this.load(life, true);
      this.timer.schedule(true);
    } catch (error) {
      if (life !== this.life) throw error;
      if (isRefusal(error)) throw error;
      const isFilled = (await this.useShared(life, error)) || (await this.useKept(life, error));
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

  /** Asks Flagship itself, whatever other instances have found. */
  refresh(): Promise<boolean> {
    return this.follow(false);
  }

  stats(): SourceStats {
    return this.feed.stats();
  }

  letGo(): void {
    this.feed.letGo();
  }

  flagKeys(): ReadonlySet<string> | undefined {
    return this.snapshot && new Set(this.snapshot.ruleset.keys);
  }

  async close(): Promise<void> {
    this.life++;
    this.timer.stop();
    this.snapshot = undefined;
    this.isStale = false;
    this.loading = undefined;
    await Promise.all([this.feed.close(), this.keeping]);
  }

  /** Calls that come while one is under way wait for that one. */
  private follow(mayShare: boolean): Promise<boolean> {
    const { life } = this;
    this.loading ??= this.reload(life, mayShare).finally(() => {
      if (life === this.life) this.loading = undefined;
    });
    return this.loading;
  }

  private async reload(life: number, mayShare: boolean): Promise<boolean> {
    this.timer.stop();
    const isFirst = this.snapshot === undefined;
    try {
      await this.load(life, mayShare);
    } catch (error) {
      if (life !== this.life) return false;
      await this.useShared(life, error);
      if (life !== this.life) return false;
      if (!isFirst) this.becomeStale(error);
      // Without flags and with a token that is refused, there is nothing to wait for.
      if (this.snapshot === undefined && isRefusal(error)) this.listener.failed(messageOf(error));
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
  private async load(life: number, mayShare: boolean): Promise<void> {
    const news = await this.feed.next(mayShare);
    if (news !== undefined) await this.use(life, news);
  }

  private async use(life: number, news: DefinitionsNews): Promise<void> {
    const next = await Snapshot.compile(news.flags, this.accountId);
    this.expectSame(life);
    const before = this.snapshot;
    this.snapshot = next;
    this.feed.accept(news);
    const changed = next.changedSince(before);
    this.tellMalformed(next, changed);
    if (before !== undefined && changed.length > 0) this.listener.changed(changed);
    this.keeping = this.keep(news);
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

  private async keep({ text }: DefinitionsNews): Promise<void> {
    try {
      await this.cache?.write(text);
    } catch (error) {
      this.listener.warn(
        `The definitions could not be kept (option "definitionsCache"): ${messageOf(error)}`,
      );
    }
  }

  /** True when the store had definitions that are newer than ours. Never rejects. */
  private async useShared(life: number, reason: unknown): Promise<boolean> {
    const news = await this.feed.lastShared();
    if (news === undefined || life !== this.life) return false;
    try {
      await this.use(life, news);
    } catch {
      // Closed meanwhile.
      return false;
    }
    this.listener.warn(
      `Flagship cannot be asked; the definitions in the shared store are used. ${messageOf(reason)}`,
    );
    this.becomeStale(reason);
    return true;
  }

  private async useKept(life: number, reason: unknown): Promise<boolean> {
    if (this.cache === undefined) return false;
    try {
      const kept = await Snapshot.compile(await this.cache.read(), this.accountId);
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
