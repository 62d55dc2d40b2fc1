import { limited } from '../runtime';
import { type FetchResponse, readFetchResponse } from './fetch-response';
import { closedError, networkError, type TimeLimit, timeoutError, tooLargeError } from './limits';
import { type HttpResponse, type HttpRequest, type Transport } from './transport';

type Fetch = typeof globalThis.fetch;

/** Requests through a `fetch` of the application's choice. */
export class FetchTransport implements Transport {
  private readonly open = new Set<AbortController>();

  constructor(
    private readonly origin: string,
    private readonly fetch: Fetch,
    private readonly init: Readonly<Record<string, unknown>>,
  ) {}

  async send(request: HttpRequest, timeLeft: number, limit: TimeLimit): Promise<HttpResponse> {
    const controller = new AbortController();
    const { signal } = controller;
    const tooLate = (): Error => timeoutError(limit);
    this.open.add(controller);
    try {
      // A fetch, or a body, may not listen to its signal.
      return await limited('fetch', () => this.exchange(request, signal), timeLeft, { tooLate, signal });
    } catch (error) {
      controller.abort(error);
      throw error;
    } finally {
      this.open.delete(controller);
    }
  }

  interrupt(reason: Error): void {
    for (const controller of this.open) controller.abort(reason);
  }

  close(): Promise<void> {
    this.interrupt(closedError());
    return Promise.resolve();
  }

  private async exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const answer = await this.fetchResponse(request, signal);
    const { status, body } = answer;
    if (body === undefined) throw tooLargeError(status, request.maxBytes);
    return { ...answer, body };
  }

  /** Runs the application's code. Whatever that throws, also an error of this package's, is a request that failed. */
  private async fetchResponse(request: HttpRequest, signal: AbortSignal): Promise<FetchResponse> {
    const { method, path, headers, body, maxBytes } = request;
    const { fetch, init } = this;
    try {
      const response: unknown = await fetch(`${this.origin}${path}`, {
        ...init,
        method,
        // A copy: what a fetch writes into it would be sent with every request.
        headers: { ...headers },
        body,
        // The one of "fetchOptions" ends this one: both together would gather listeners on a signal that lives long.
        signal,
        // The token is for this origin only.
        redirect: init.redirect === 'error' ? 'error' : 'manual',
      });
      return await readFetchResponse(response, maxBytes, signal);
    } catch (error) {
      throw signal.aborted && error === signal.reason ? error : networkError(error, request);
    }
  }
}
