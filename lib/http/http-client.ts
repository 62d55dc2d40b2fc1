import { FlagshipError, isErrorOf } from '../errors';
import { globalFetch, type HeaderMap, type ResolvedHttpOptions } from '../options';
import { droppedAfterMs } from '../runtime';
import { CircuitBreaker, type CircuitListener } from './circuit-breaker';
import { withoutTrace } from './trace-detachment';
import { FetchTransport } from './fetch-transport';
import { type TimeLimit } from './limits';
import { AbortedError, closedError, TransientError } from './request-errors';
import { RequestHeaders, type RequestWithoutHeaders } from './request-headers';
import { retryDelayMs } from './retry-delay';
import { CancellableWaits } from './cancellable-waits';
import { type ParentContext, Tracing } from './tracing';
import { type HttpResponse, type OutgoingRequest, type Transport } from './transport';
import { UndiciTransport } from './undici-transport';
import { UpstreamMeter } from './upstream-meter';
import { type SpanDescription, type UpstreamSpan } from './upstream-span';
import { ApplicationSignal } from './application-signal';

/** A request to the client's origin. */
export type ClientRequest = RequestWithoutHeaders & {
  /** The name and attributes of its spans. Without them it has no spans. */
  readonly span?: SpanDescription;
};

/**
 * Returns the result that a response carries, or throws the failure that it reports.
 *
 * @param request The request as it was sent, for the message of the failure.
 */
type ReadResponse<T> = (response: HttpResponse, request: OutgoingRequest) => T;

/** One call of `send`, with what all of its attempts share. */
interface PendingRequest<T> {
  readonly request: ClientRequest;
  readonly read: ReadResponse<T>;
  readonly waits: CancellableWaits;
  readonly retries: number;
  /** The context of the caller, to whose trace the spans belong. */
  readonly parent: ParentContext | undefined;
}

/** The deadline of one call of `send`. Times are of the monotonic clock, in milliseconds. */
interface RequestDeadline {
  readonly endsAt: number;
  /** Whether the deadline, and not `timeout`, may be the limit that an attempt exceeds. */
  readonly mayCutAttempt: boolean;
}

/**
 * Sends requests to one origin. The steps of `send`:
 *
 * 1. The request leaves the scope and the trace of its caller (`withoutTrace`), because sockets, timers and
 *    callbacks outlive the caller's request.
 * 2. The circuit breaker lets it pass or refuses it (`sendThroughBreaker`).
 * 3. `sendWithRetry` starts attempts. After a failure that may pass it pauses and starts another one; any other failure
 *    ends it.
 * 4. Each `attempt` calls `headersFactory`, starts its span and dispatches the request to the transport, within its
 *    time limit, which covers decoding a compressed body.
 * 5. `readResponse` turns the response into a result or a failure, and counts it.
 */
export class HttpClient {
  readonly meter = new UpstreamMeter();

  // Private fields of the language: the token must not appear where an application prints the provider.
  readonly #options: ResolvedHttpOptions;
  readonly #headers: RequestHeaders;
  readonly #timeout: TimeLimit;
  readonly #deadline: TimeLimit;
  readonly #tracing: Tracing | undefined;
  readonly #signal: ApplicationSignal | undefined;
  private waits = new CancellableWaits();
  private breaker: CircuitBreaker | undefined;
  private transport: Transport | undefined;

  /** @param listener Receives the changes of the circuit breaker. Without a listener there is no circuit breaker. */
  constructor(
    options: ResolvedHttpOptions,
    private readonly listener?: CircuitListener,
  ) {
    this.#options = options;
    this.#headers = new RequestHeaders(options);
    this.#timeout = { option: 'timeout', value: options.timeout };
    this.#deadline = { option: 'deadline', value: options.deadline };
    this.#tracing = Tracing.forEndpoint(options.endpoint);
    this.#signal = ApplicationSignal.of(options.signal, () => {
      this.interrupt();
    });
  }

  /** Creates the transport and the circuit breaker, so that the first evaluation is not delayed by it. */
  open(): void {
    if (this.waits.isClosed) this.waits = new CancellableWaits();
    this.transport ??= this.createTransport();
    this.#signal?.attach();
    const { circuitBreaker, deadline } = this.#options;
    if (circuitBreaker !== undefined && this.listener !== undefined)
      this.breaker ??= new CircuitBreaker(circuitBreaker, this.listener, droppedAfterMs(deadline));
  }

  /** Whether spans are recorded, so that a request needs a {@link SpanDescription}. */
  get isTraced(): boolean {
    return this.#tracing !== undefined && this.#tracing.isRecording;
  }

  /** The circuit breaker of an open client; undefined when it is disabled. */
  get circuitBreaker(): CircuitBreaker | undefined {
    return this.breaker;
  }

  /**
   * Sends a request until `read` accepts the response, the failure is final, the retries are used up, or the deadline
   * leaves no time for another attempt. The steps are listed above the class.
   *
   * @returns What `read` returns.
   * @throws FlagshipError What `read` threw, `NETWORK_ERROR` or `TIMEOUT_ERROR`; UnavailableError while the circuit is
   * open.
   */
  send<T>(request: ClientRequest, read: ReadResponse<T>): Promise<T> {
    const parent = request.span && this.#tracing?.activeContext();
    return withoutTrace(() => this.sendThroughBreaker(request, read, parent));
  }

  /** Closes the connections. Pending requests reject at once. */
  async close(): Promise<void> {
    this.breaker?.dispose();
    this.waits.close();
    this.breaker = undefined;
    this.#signal?.detach();
    this.#headers.clear();
    const transport = this.transport;
    this.transport = undefined;
    await transport?.close();
  }

  private sendThroughBreaker<T>(
    request: ClientRequest,
    read: ReadResponse<T>,
    parent: ParentContext | undefined,
  ): Promise<T> {
    if (this.transport === undefined && !this.waits.isClosed) this.open();
    const { breaker, waits } = this;
    const { retries } = this.#options;
    if (breaker === undefined)
      return this.sendWithRetry({ request, read, waits, retries, parent }, undefined);
    return breaker.run((isTrial) =>
      this.sendWithRetry({ request, read, waits, retries: isTrial ? 0 : retries, parent }, breaker),
    );
  }

  private async sendWithRetry<T>(
    pending: PendingRequest<T>,
    breaker: CircuitBreaker | undefined,
  ): Promise<T> {
    const { waits, retries } = pending;
    const endsAt = performance.now() + this.#options.deadline;
    // The default deadline leaves every attempt its timeout. Only late timers and a `Retry-After` can shorten an
    // attempt.
    let mayCutAttempt = this.#options.isDeadlineSet;
    for (let resends = 0; ; resends++) {
      try {
        return await this.attempt(pending, { endsAt, mayCutAttempt }, resends);
      } catch (error) {
        // An unforeseen error is a failure like others: it may pass, and the circuit breaker counts it.
        const failure = isErrorOf(error, FlagshipError)
          ? error
          : this.#headers.redactedFailure('The request failed', error, pending.request);
        if (!(failure instanceof TransientError) || resends >= retries) throw failure;
        const pauseMs = retryDelayMs(failure, this.#options.retryDelay);
        if (performance.now() + pauseMs >= endsAt) throw failure;
        mayCutAttempt ||= failure.retryAfter !== undefined;
        await waits.pause(pauseMs);
        // During the pause the client was closed, or other requests opened the circuit.
        if (waits.isClosed || breaker?.state === 'open') throw failure;
      }
    }
  }

  private async attempt<T>(
    pending: PendingRequest<T>,
    deadline: RequestDeadline,
    resends: number,
  ): Promise<T> {
    const { request, read, waits, parent } = pending;
    let now = performance.now();
    const { timeout } = this.#options;
    const endsAt = Math.min(now + timeout, deadline.endsAt);
    const limit = deadline.mayCutAttempt && endsAt - now < timeout * 0.9 ? this.#deadline : this.#timeout;
    let factoryHeaders: HeaderMap | undefined;
    this.assertSendable(waits);
    if (this.#headers.hasFactory) {
      factoryHeaders = await this.#headers.callFactory(request, waits, endsAt - now, limit);
      now = performance.now();
      this.assertSendable(waits);
    }
    const headers = this.#headers.headersFor(request, factoryHeaders);
    const span = request.span && this.#tracing?.startSpan(request.span, request.method, resends, parent);
    const { method, path, body, maxBytes } = request;
    // Not spread: an object that is extended after spreading has a shape of its own, which undici reads slowly.
    const outgoing = { method, path, headers, body, maxBytes };
    const response = await this.dispatch(outgoing, now, endsAt - now, limit, span);
    return this.readResponse(response, outgoing, read, now, span);
  }

  /** @throws FlagshipError When the client is closed, or the signal of the application is aborted. */
  private assertSendable(waits: CancellableWaits): void {
    if (waits.isClosed) throw closedError();
    if (this.#signal?.isAborted === true) throw new AbortedError();
  }

  /** Rejects all pending requests, without retries, because the signal of the application is aborted. */
  private interrupt(): void {
    this.waits.interrupt(new AbortedError());
    this.transport?.interrupt(new AbortedError());
  }

  private readResponse<T>(
    response: HttpResponse,
    request: OutgoingRequest,
    read: ReadResponse<T>,
    startedAt: number,
    span: UpstreamSpan | undefined,
  ): T {
    const durationMs = performance.now() - startedAt;
    try {
      const result = read(response, request);
      this.meter.endWithResponse(response.status, durationMs);
      span?.endWithResponse(response.status);
      return result;
    } catch (error) {
      this.meter.endWithResponse(response.status, durationMs, error);
      span?.endWithResponse(response.status, error);
      throw error;
    }
  }

  private async dispatch(
    request: OutgoingRequest,
    startedAt: number,
    timeLeftMs: number,
    limit: TimeLimit,
    span: UpstreamSpan | undefined,
  ): Promise<HttpResponse> {
    const transport = (this.transport ??= this.createTransport());
    this.meter.startRequest();
    try {
      const timeMs = Math.max(1, Math.ceil(timeLeftMs));
      if (span === undefined) return await transport.send(request, timeMs, limit);
      const send = (): Promise<HttpResponse> => transport.send(request, timeMs, limit);
      return await (this.#options.fetch === undefined
        ? span.withoutInstrumentation(send)
        : span.asActiveSpan(send));
    } catch (error) {
      this.meter.endWithError(error, performance.now() - startedAt);
      span?.endWithError(error);
      throw error;
    }
  }

  private createTransport(): Transport {
    const { endpoint, fetch, fetchInit, timeout, proxy } = this.#options;
    const { origin } = endpoint;
    if (fetch !== undefined) return new FetchTransport(origin, fetch, fetchInit);
    return (
      UndiciTransport.create({ origin, connectTimeoutMs: timeout, proxy }) ??
      new FetchTransport(origin, globalFetch, {})
    );
  }
}
