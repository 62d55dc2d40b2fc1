import { FlagshipErrorCode, messageOf } from '../errors';
import { type HeadersInput } from '../options';
import { type HeaderMap, readHeaders } from '../options';
import { type ResolvedHttpOptions } from '../options';
import { FetchTransport } from './fetch-transport';
import { closedError, Session } from './session';
import { TransientError } from './transient-error';
import { type HttpAnswer, type HttpRequest, type Transport } from './transport';
import { UndiciTransport } from './undici-transport';

/** A request; `headers` only where it needs others than every request has. */
export type ClientRequest = Omit<HttpRequest, 'headers'> & Partial<Pick<HttpRequest, 'headers'>>;

const FIXED_HEADERS: HeaderMap = { accept: 'application/json', 'user-agent': 'nestjs-flagship' };

/** Talks to one origin: headers, time limit, repetition. */
export class HttpClient {
  private readonly headers: HeaderMap;
  private readonly bodyHeaders: HeaderMap;
  private session = new Session();
  private transport: Transport | undefined;

  constructor(private readonly options: ResolvedHttpOptions) {
    this.headers = { ...FIXED_HEADERS, ...options.headers };
    this.bodyHeaders = { ...this.headers, 'content-type': 'application/json' };
  }

  /** Prepares the connections, so that the first evaluation does not pay for it. */
  open(): void {
    if (this.session.isOver) this.session = new Session();
    this.transport ??= this.createTransport();
  }

  /**
   * Sends a request until `read` accepts the answer, the failure is final, or the retries are used up.
   *
   * @throws FlagshipError What `read` threw, `NETWORK_ERROR` or `TIMEOUT_ERROR`.
   */
  async send<T>(request: ClientRequest, read: (answer: HttpAnswer) => T): Promise<T> {
    const { session } = this;
    for (let retriesLeft = this.options.retries; ; retriesLeft--) {
      try {
        return read(await this.attempt(request, session));
      } catch (error) {
        if (!(error instanceof TransientError) || retriesLeft <= 0) throw error;
        await session.pause(this.options.retryDelay);
        if (session.isOver) throw error;
      }
    }
  }

  /** Ends everything under way; waiting callers get their error at once. */
  async close(): Promise<void> {
    this.session.end();
    const transport = this.transport;
    this.transport = undefined;
    await transport?.close();
  }

  private attempt(request: ClientRequest, session: Session): Promise<HttpAnswer> {
    const { timeout, headersFactory } = this.options;
    if (headersFactory !== undefined) return this.attemptWithFreshHeaders(request, session, headersFactory);
    return this.dispatch(request, session, undefined, timeout);
  }

  private async attemptWithFreshHeaders(
    request: ClientRequest,
    session: Session,
    makeHeaders: () => HeadersInput | Promise<HeadersInput>,
  ): Promise<HttpAnswer> {
    const { timeout } = this.options;
    const start = performance.now();
    let fresh: HeaderMap;
    try {
      fresh = readHeaders(await session.limit(Promise.resolve().then(makeHeaders), timeout));
    } catch (error) {
      if (error instanceof TransientError) throw error;
      throw new TransientError(
        `The option "headersFactory" failed: ${messageOf(error)}`,
        FlagshipErrorCode.GENERAL,
        error,
      );
    }
    const left = Math.max(1, Math.ceil(timeout - (performance.now() - start)));
    return this.dispatch(request, session, fresh, left);
  }

  private dispatch(
    request: ClientRequest,
    session: Session,
    fresh: HeaderMap | undefined,
    timeLeft: number,
  ): Promise<HttpAnswer> {
    if (session.isOver) return Promise.reject(closedError());
    this.transport ??= this.createTransport();
    const base = request.body === undefined ? this.headers : this.bodyHeaders;
    const own = request.headers;
    const headers = fresh === undefined && own === undefined ? base : { ...base, ...own, ...fresh };
    const { method, path, body, maxBytes } = request;
    // Not spread: adding to an object made by spreading gives each one a shape of its own, slow to read for undici.
    return this.transport.send({ method, path, headers, body, maxBytes }, timeLeft);
  }

  private createTransport(): Transport {
    const { endpoint, fetch, fetchInit, timeout } = this.options;
    return fetch === undefined
      ? new UndiciTransport(endpoint.origin, timeout)
      : new FetchTransport(endpoint.origin, timeout, fetch, fetchInit);
  }
}
