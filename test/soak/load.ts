import { Pool } from 'undici';
import { startAtFixedRate } from '../../tools/fixed-rate.cjs';
import { type Page } from './messages';
import { Pace } from './pace';
import { type Random } from './random';
import { LOAD_CONNECTIONS, RATE, USERS } from './setup';

/** One request, as its sender saw it; times in milliseconds of this process. */
export interface Seen {
  readonly start: number;
  readonly end: number;
  /** Nothing when the request failed, and why. */
  readonly page: Page | undefined;
  readonly problem: string;
  /** How long sender and application have kept pace, in milliseconds. */
  readonly paceKept: number;
}

/** Sends requests at fixed times, whether or not earlier ones have been answered. */
export class Load {
  private readonly pool: Pool;
  private readonly pace = new Pace();
  private readonly open = new Set<Promise<void>>();
  private stopSending = (): void => undefined;

  constructor(
    url: string,
    private readonly random: Random,
    private readonly see: (seen: Seen) => void,
  ) {
    this.pool = new Pool(url, { connections: LOAD_CONNECTIONS });
  }

  start(): void {
    this.stopSending = startAtFixedRate(RATE, () => {
      const request = this.send().finally(() => this.open.delete(request));
      this.open.add(request);
    }).stop;
  }

  /** Resolves when everything has been answered. */
  async stop(): Promise<void> {
    this.stopSending();
    await Promise.all(this.open);
    await this.pool.close();
  }

  private async send(): Promise<void> {
    const start = performance.now();
    const user = `user-${Math.floor(this.random.between(0, USERS))}`;
    let page: Page | undefined;
    let problem = '';
    try {
      const { statusCode, body } = await this.pool.request({
        method: 'GET',
        path: '/shop',
        headers: { 'x-user-id': user },
      });
      const text = await body.text();
      if (statusCode === 200) page = JSON.parse(text) as Page;
      else problem = `HTTP ${statusCode}: ${text}`;
    } catch (error) {
      problem = String(error);
    }
    const paceKept = Math.min(this.pace.keptFor, page?.paceKept ?? Infinity);
    this.see({ start, end: performance.now(), page, problem, paceKept });
  }
}
