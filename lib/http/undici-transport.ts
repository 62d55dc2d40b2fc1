import type * as Undici from 'undici';
import { limited } from '../runtime';
import { ResponseHandler } from './response-handler';
import { closedError, networkError, type TimeLimit, timeoutError } from './limits';
import { type HttpResponse, type HttpRequest, type Transport } from './transport';

/** More sockets than this to one origin help nobody; further requests wait their turn, within their time limit. */
const MAX_CONNECTIONS = 256;
/** How long an idle connection is kept when the server does not say. */
const KEEP_ALIVE = 30_000;
/** How long closing waits for sockets to go; the pool does not always report it. */
const CLOSE_LIMIT_MS = 500;

/** Loaded late: undici takes longer to load than the rest of this package, and not every mode needs it. */
function loadUndici(): typeof Undici {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  return require('undici') as typeof Undici;
}

/** Requests over kept-alive connections of a pool of its own. */
export class UndiciTransport implements Transport {
  private readonly pool: Undici.Pool;
  private readonly open = new Set<ResponseHandler>();

  /** @param timeout The limit for connecting, in milliseconds. */
  constructor(origin: string, timeout: number) {
    this.pool = new (loadUndici().Pool)(origin, {
      connections: MAX_CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE,
      connect: { timeout },
      // Every exchange has one timer of its own, for all of its phases.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  send(request: HttpRequest, timeLeft: number, limit: TimeLimit): Promise<HttpResponse> {
    return new Promise<HttpResponse>((resolve, reject) => {
      const exchange: ResponseHandler = new ResponseHandler(
        (answer) => {
          this.open.delete(exchange);
          resolve(answer);
        },
        (error) => {
          this.open.delete(exchange);
          reject(error);
        },
        request,
        () => timeoutError(limit),
        timeLeft,
      );
      this.open.add(exchange);
      try {
        this.pool.dispatch(request, exchange);
      } catch (error) {
        exchange.fail(networkError(error, request));
      }
    });
  }

  interrupt(reason: Error): void {
    for (const exchange of this.open) exchange.fail(reason);
  }

  async close(): Promise<void> {
    this.interrupt(closedError());
    try {
      await limited('connections', () => this.pool.destroy(), CLOSE_LIMIT_MS);
    } catch {
      // The sockets have been told to go; whether they have said so changes nothing.
    }
  }
}
