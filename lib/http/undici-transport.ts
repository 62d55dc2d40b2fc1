import type * as Undici from 'undici';
import { withTimeLimit } from '../runtime';
import { type TimeLimit } from './limits';
import { closedError, networkError, timeoutError } from './request-errors';
import { ResponseHandler } from './response-handler';
import { type HttpResponse, type OutgoingRequest, type Transport } from './transport';

/** More sockets to one origin bring no gain. Further requests queue, within their time limit. */
const MAX_CONNECTIONS = 256;
/** How long an idle connection is kept when the server sends no `Keep-Alive` header. */
const KEEP_ALIVE_MS = 30_000;
/** How long closing waits for the sockets. The pool does not always report that they are closed. */
const CLOSE_TIMEOUT_MS = 500;

/** Loads undici at first use: it loads slower than the rest of this package, and not every source sends requests. */
function loadUndici(): typeof Undici {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  return require('undici') as typeof Undici;
}

/** Sends requests over the kept-alive connections of an undici pool. */
export class UndiciTransport implements Transport {
  private readonly pool: Undici.Pool;
  private readonly pending = new Set<ResponseHandler>();

  /** @param connectTimeoutMs Time limit of a connection attempt. */
  constructor(origin: string, connectTimeoutMs: number) {
    this.pool = new (loadUndici().Pool)(origin, {
      connections: MAX_CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { timeout: connectTimeoutMs },
      // `ResponseHandler` has one timer for all phases of a request.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  send(request: OutgoingRequest, timeLeftMs: number, limit: TimeLimit): Promise<HttpResponse> {
    return new Promise<HttpResponse>((resolve, reject) => {
      const handler: ResponseHandler = new ResponseHandler(
        (response) => {
          this.pending.delete(handler);
          resolve(response);
        },
        (error) => {
          this.pending.delete(handler);
          reject(error);
        },
        request,
        () => timeoutError(limit),
        timeLeftMs,
      );
      this.pending.add(handler);
      try {
        this.pool.dispatch(request, handler);
      } catch (error) {
        handler.fail(networkError(error, request));
      }
    });
  }

  interrupt(reason: Error): void {
    for (const handler of this.pending) handler.fail(reason);
  }

  async close(): Promise<void> {
    this.interrupt(closedError());
    try {
      await withTimeLimit('connections', () => this.pool.destroy(), CLOSE_TIMEOUT_MS);
    } catch {
      // `destroy` closes the sockets even when it reports that late or never.
    }
  }
}
