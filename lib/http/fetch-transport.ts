import { PendingWork, withTimeLimit } from '../runtime';
import { type FetchResponse, readFetchResponse } from './fetch-response';
import { type TimeLimit } from './limits';
import { closedError, networkError, timeoutError, tooLargeError } from './request-errors';
import { type HttpResponse, type OutgoingRequest, type Transport } from './transport';

type Fetch = typeof globalThis.fetch;

/** Sends requests through a `fetch` of the application's. */
export class FetchTransport implements Transport {
  private readonly pending = new PendingWork<AbortController>();

  constructor(
    private readonly origin: string,
    private readonly fetch: Fetch,
    private readonly init: Readonly<Record<string, unknown>>,
  ) {}

  async send(request: OutgoingRequest, timeLeftMs: number, limit: TimeLimit): Promise<HttpResponse> {
    const controller = new AbortController();
    const { signal } = controller;
    this.pending.add(controller, timeLeftMs);
    try {
      // The fetch, or its body, may ignore the signal.
      return await withTimeLimit('fetch', () => this.sendOnce(request, signal), timeLeftMs, {
        timeoutError: () => timeoutError(limit),
        signal,
      });
    } catch (error) {
      controller.abort(error);
      throw error;
    } finally {
      this.pending.delete(controller);
    }
  }

  interrupt(reason: Error): void {
    this.pending.forEach((controller) => {
      controller.abort(reason);
    });
  }

  close(): Promise<void> {
    this.interrupt(closedError());
    return Promise.resolve();
  }

  private async sendOnce(request: OutgoingRequest, signal: AbortSignal): Promise<HttpResponse> {
    const response = await this.callFetch(request, signal);
    const { status, body } = response;
    if (body === undefined) throw tooLargeError(status, request.maxBytes);
    return { ...response, body };
  }

  /** Runs the application's code. Whatever it throws, an error of this package's included, is a failed request. */
  private async callFetch(request: OutgoingRequest, signal: AbortSignal): Promise<FetchResponse> {
    const { method, path, headers, body, maxBytes } = request;
    const { fetch, init } = this;
    try {
      const result: unknown = await fetch(`${this.origin}${path}`, {
        ...init,
        method,
        // A copy: what a fetch writes into the headers would be sent with every request.
        headers: { ...headers },
        body,
        // The signal of "fetchOptions" aborts this one. Combining both would add a listener to the application's
        // long-lived signal with every request.
        signal,
        // A redirect to another origin must not receive the token.
        redirect: init.redirect === 'error' ? 'error' : 'manual',
      });
      return await readFetchResponse(result, maxBytes, signal);
    } catch (error) {
      throw signal.aborted && error === signal.reason ? error : networkError(error, request);
    }
  }
}
