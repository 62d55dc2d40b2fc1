import { FlagshipErrorCode } from '../errors';
import { type HeadersInput } from '../options/provider-options';
import { type HeaderMap, readHeaders } from '../options/resolve-headers';
import { type ResolvedHttpOptions } from '../options/resolve-provider-options';
import { FetchTransport } from './fetch-transport';
import { networkError, timeoutError } from './limits';
import { TransientError } from './transient-error';
import { type HttpAnswer, type HttpRequest, type Transport } from './transport';
import { UndiciTransport } from './undici-transport';

/** A request without the headers that every request has. */
export type ClientRequest = Omit<HttpRequest, 'headers'>;

const FIXED_HEADERS: HeaderMap = { accept: 'application/json', 'user-agent': 'nestjs-flagship' };

/** Talks to one origin: headers, time limit, repetition. */
export class HttpClient {
  private readonly headers: HeaderMap;
  private readonly bodyHeaders: HeaderMap;
  private readonly pauses = new Set<() => void>();
  private transport: Transport | undefined;
  private closed = false;

  constructor(private readonly options: ResolvedHttpOptions) {
    this.headers = { ...FIXED_HEADERS, ...options.headers };
    this.bodyHeaders = { ...this.headers, 'content-type': 'application/json' };
  }

  /** Prepares the connections, so that the first evaluation does not pay for it. */
  open(): void {
    this.closed = false;
    this.transport ??= this.createTransport();
  }

  /**
   * Sends a request until `read` accepts the answer, the failure is final, or the retries are used up.
   *
   * @throws FlagshipError What `read` threw, `NETWORK_ERROR` or `TIMEOUT_ERROR`.
   */
  async send<T>(request: ClientRequest, read: (answer: HttpAnswer) => T): Promise<T> {
    for (let retriesLeft = this.options.retries; ; retriesLeft--) {
      try {
        return read(await this.attempt(request));
      } catch (error) {
        if (!(error instanceof TransientError) || retriesLeft <= 0) throw error;
        await this.pause();
        if (this.closed) throw error;
      }
    }
  }

  /** Ends everything under way; waiting callers get their error at once. */
  async close(): Promise<void> {
    this.closed = true;
    for (const wake of this.pauses) wake();
    const transport = this.transport;
    this.transport = undefined;
    await transport?.close();
  }

  private attempt(request: ClientRequest): Promise<HttpAnswer> {
    const { timeout, headersFactory } = this.options;
    if (headersFactory !== undefined) return this.attemptWithFreshHeaders(request, headersFactory);
    return this.dispatch(request, undefined, timeout);
  }

  private async attemptWithFreshHeaders(
    request: ClientRequest,
    makeHeaders: () => HeadersInput | Promise<HeadersInput>,
  ): Promise<HttpAnswer> {
    const { timeout } = this.options;
    const start = performance.now();
    let fresh: HeaderMap;
    try {
      fresh = readHeaders(await withinLimit(Promise.resolve().then(makeHeaders), timeout));
    } catch (error) {
      if (error instanceof TransientError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new TransientError(
        `The option "headersFactory" failed: ${reason}`,
        FlagshipErrorCode.GENERAL,
        error,
      );
    }
    const left = Math.max(1, Math.ceil(timeout - (performance.now() - start)));
    return this.dispatch(request, fresh, left);
  }

  private dispatch(
    request: ClientRequest,
    fresh: HeaderMap | undefined,
    timeout: number,
  ): Promise<HttpAnswer> {
    if (this.closed) return Promise.reject(networkError(new Error('the provider was closed')));
    this.transport ??= this.createTransport();
    const base = request.body === undefined ? this.headers : this.bodyHeaders;
    const headers = fresh === undefined ? base : { ...base, ...fresh };
    return this.transport.send({ ...request, headers }, timeout);
  }

  private createTransport(): Transport {
    const { endpoint, fetch, fetchInit, timeout } = this.options;
    return fetch === undefined
      ? new UndiciTransport(endpoint.origin, timeout)
      : new FetchTransport(endpoint.origin, fetch, fetchInit);
  }

  /** Waits before a repetition; closing ends the wait. */
  private pause(): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.pauses.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, this.options.retryDelay);
      this.pauses.add(wake);
    });
  }
}

/** Settles like the promise, or with a timeout error when that takes too long. */
function withinLimit<T>(promise: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(timeoutError(timeout));
    }, timeout);
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}
