/** A load that has been asked for and has not begun. */
interface WaitingLoad<T> {
  mayShare: boolean;
  readonly done: Promise<T>;
}

/**
 * Runs loads one at a time, so that an older one never overtakes a newer one. One that is asked for while another is under
 * way begins after it: what that one finds may be older than the request. All who ask meanwhile share the one load.
 */
export class LoadQueue<T> {
  private running: Promise<unknown> | undefined;
  private waiting: WaitingLoad<T> | undefined;

  /** @param load Loads once; never rejects. */
  constructor(private readonly load: (mayShare: boolean) => Promise<T>) {}

  /**
   * Asks for a load that begins after this call.
   *
   * @param mayShare Whether less will do, such as what another instance has found, or a file that looks the same; of
   * several callers that share a load, all must agree.
   */
  request(mayShare: boolean): Promise<T> {
    if (this.waiting !== undefined) {
      this.waiting.mayShare &&= mayShare;
      return this.waiting.done;
    }
    const waiting: WaitingLoad<T> = { mayShare, done: this.begin(() => waiting.mayShare) };
    this.waiting = waiting;
    return waiting.done;
  }

  /** One turn later at the earliest: calls of the same moment share a load. */
  private async begin(mayShare: () => boolean): Promise<T> {
    await this.running;
    this.waiting = undefined;
    const running = this.load(mayShare());
    this.running = running;
    return running;
  }
}
