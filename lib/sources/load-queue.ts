/** A load that was requested and has not begun. */
interface WaitingLoad<T> {
  /** Whether all requests that share the load accept a cheaper one; see {@link LoadQueue.request}. */
  allowsCached: boolean;
  readonly done: Promise<T>;
}

/**
 * Runs loads one at a time, so that an older load never overtakes a newer one. A load that is requested during another
 * one begins after it, because that one may find something older than the request. Requests share the load that waits.
 *
 * On Cloudflare Workers a load ends with the request that began it, without a result, and `workerd` rejects its promise
 * for other requests (checked with 1.20261117.1). Such a load delays no later one.
 */
export class LoadQueue<T> {
  private running: Promise<unknown> | undefined;
  private waiting: WaitingLoad<T> | undefined;

  /** @param load Performs one load; never rejects. */
  constructor(private readonly load: (allowsCached: boolean) => Promise<T>) {}

  /**
   * Requests a load that begins after this call.
   *
   * @param allowsCached Whether a cheaper load is enough: one that uses what another instance has downloaded, or that does
   * not read a file which looks unchanged. If several requests share a load, all of them must allow it.
   * @returns What the load resolves with.
   */
  request(allowsCached: boolean): Promise<T> {
    const { waiting: shared } = this;
    if (shared !== undefined) {
      shared.allowsCached &&= allowsCached;
      return shared.done.catch(() => {
        if (this.waiting === shared) this.waiting = undefined;
        return this.request(allowsCached);
      });
    }
    const waiting: WaitingLoad<T> = { allowsCached, done: this.begin(() => waiting.allowsCached) };
    this.waiting = waiting;
    return waiting.done;
  }

  /** Begins in a later microtask at the earliest, so that requests of the same moment share a load. */
  private async begin(allowsCached: () => boolean): Promise<T> {
    try {
      await this.running;
    } catch {
      // The load never rejects; the request that began it has ended.
    }
    this.waiting = undefined;
    const running = this.load(allowsCached());
    this.running = running;
    return running;
  }
}
