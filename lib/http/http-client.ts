import { FlagshipError, isErrorOf } from '../errors';
import { type HeaderMap, type ResolvedHttpOptions } from '../options';
import { AbortedError } from './aborted-error';
import { Circuit, type CircuitListener } from './circuit';
import { FetchTransport } from './fetch-transport';
import { closedError, type TimeLimit } from './limits';
import { redact } from './redact';
import { RequestHeaders, type RequestWithoutHeaders } from './request-headers';
import { retryPause } from './retry-pause';
import { Session } from './session';
import { TransientError } from './transient-error';
import { type HttpResponse, type Transport } from './transport';
import { outsideTraces } from './outside-requests';
import { type TraceParent, Tracing } from './tracing';
import { UndiciTransport } from './undici-transport';
import { UpstreamMeter } from './upstream-meter';
import { type SpanDescription, type UpstreamSpan } from './upstream-span';
import { UserSignal } from './user-signal';

/** A request to the client's origin. */
export type ClientRequest = RequestWithoutHeaders & {
  /** What its spans say; without it there are none. */
  readonly span?: SpanDescription;
};

/** Takes an answer, or throws the failure that it stands for. */
type Read<T> = (answer: HttpResponse) => T;

/** One call of `send` on its way through its attempts. */
interface Sending<T> {
  readonly request: ClientRequest;
  readonly read: Read<T>;
  readonly session: Session;
  readonly retries: number;
  /** Whose trace its spans belong to. */
  readonly parent: TraceParent | undefined;
}

/** When an attempt has to end, and whether the option "deadline" may be what ends it. */
interface Deadline {
  readonly end: number;
  readonly isTight: boolean;
}

/**
 * Talks to one origin. On the way of a request:
 *
 * 1. It leaves the scope and the trace of whoever asks: sockets, timers and callbacks outlive the caller's request.
 * 2. The circuit breaker lets it through, or refuses.
 * 3. Each attempt has its headers made, its span started, and is sent by the transport, within a time limit.
 * 4. A failure that may pass is repeated after a pause; every other one ends it.
 */
export class HttpClient {
  readonly meter = new UpstreamMeter();

  // Private to the language as well: whoever prints a provider must not find its token.
  readonly #options: ResolvedHttpOptions;
  readonly #headers: RequestHeaders;
  readonly #timeout: TimeLimit;
  readonly #deadline: TimeLimit;
  readonly #tracing: Tracing | undefined;
  readonly #signal: UserSignal | undefined;
  private session = new Session();
  private breaker: Circuit | undefined;
  private transport: Transport | undefined;

  /** @param listener Told when the circuit opens and closes; without one, Flagship is asked whatever happens. */
  constructor(
    options: ResolvedHttpOptions,
    private readonly listener?: CircuitListener,
  ) {
    this.#options = options;
    this.#headers = new RequestHeaders(options);
    this.#timeout = { option: 'timeout', value: options.timeout };
    this.#deadline = { option: 'deadline', value: options.deadline };
    this.#tracing = Tracing.towards(options.endpoint);
    this.#signal = UserSignal.of(options.fetchInit.signal, () => {
      this.interrupt();
    });
  }

  /** Prepares the connections, so that the first evaluation does not pay for it. */
  open(): void {
    if (this.session.isOver) this.session = new Session();
    this.transport ??= this.createTransport();
    this.#signal?.listen();
    const { circuit } = this.#options;
    if (circuit !== undefined && this.listener !== undefined)
      this.breaker ??= new Circuit(circuit, this.listener);
  }

  /** Whether a request is worth a description for its spans. */
  get isTraced(): boolean {
    return this.#tracing !== undefined && this.#tracing.isOn;
  }

  /** The circuit breaker, once the client is open; none where there is to be none. */
  get circuit(): Circuit | undefined {
    return this.breaker;
  }

  /**
   * Sends a request until `read` accepts the answer, the failure is final, the retries are used up, or the deadline
   * leaves no time for another one.
   *
   * @throws FlagshipError What `read` threw, `NETWORK_ERROR` or `TIMEOUT_ERROR`; UnavailableError while the circuit is
   * open.
   */
  send<T>(request: ClientRequest, read: Read<T>): Promise<T> {
    const parent = request.span && this.#tracing?.parent();
    return outsideTraces(() => this.start(request, read, parent));
  }

  /** Ends everything under way; waiting callers get their error at once. */
  async close(): Promise<void> {
    this.breaker?.end();
    this.session.end();
    this.breaker = undefined;
    this.#signal?.leave();
    this.#headers.forget();
    const transport = this.transport;
    this.transport = undefined;
    await transport?.close();
  }

  private start<T>(request: ClientRequest, read: Read<T>, parent: TraceParent | undefined): Promise<T> {
    if (this.transport === undefined && !this.session.isOver) this.open();
    const { breaker, session } = this;
    const { retries } = this.#options;
    if (breaker === undefined)
      return this.sendWithRetry({ request, read, session, retries, parent }, undefined);
    return breaker.run((isTrial) =>
      this.sendWithRetry({ request, read, session, retries: isTrial ? 0 : retries, parent }, breaker),
    );
  }

  private async sendWithRetry<T>(sending: Sending<T>, breaker: Circuit | undefined): Promise<T> {
    const { session, retries } = sending;
    const end = performance.now() + this.#options.deadline;
    // The default leaves each attempt its time, but for timers that are a little late, and pauses that a server asks for.
    let isTight = this.#options.hasOwnDeadline;
    for (let resends = 0; ; resends++) {
      try {
        return await this.attempt(sending, { end, isTight }, resends);
      } catch (error) {
        // What was not foreseen is a failure like others: it may pass, and the circuit counts it.
        const failure = isErrorOf(error, FlagshipError)
          ? error
          : this.#headers.failure('The request failed', error, sending.request);
        if (!(failure instanceof TransientError) || resends >= retries) throw failure;
        const pause = retryPause(failure, this.#options.retryDelay);
        if (performance.now() + pause >= end) throw failure;
        isTight ||= failure.retryAfter !== undefined;
        await session.pause(pause);
        // Closed meanwhile, or others have found out that it is of no use.
        if (session.isOver || breaker?.state === 'open') throw failure;
      }
    }
  }

  private async attempt<T>(sending: Sending<T>, deadline: Deadline, resends: number): Promise<T> {
    const { request, read, session, parent } = sending;
    let now = performance.now();
    const { timeout } = this.#options;
    const end = Math.min(now + timeout, deadline.end);
    const limit = deadline.isTight && end - now < timeout * 0.9 ? this.#deadline : this.#timeout;
    let fresh: HeaderMap | undefined;
    this.expectOpen(session);
    if (this.#headers.isMade) {
      fresh = await this.#headers.make(request, session, end - now, limit);
      now = performance.now();
      this.expectOpen(session);
    }
    const headers = this.#headers.of(request, fresh);
    const span = request.span && this.#tracing?.start(request.span, request.method, resends, parent);
    const answer = await this.dispatch(request, headers, now, end - now, limit, span);
    if (answer.status < 200 || answer.status > 299) {
      const { path, body } = request;
      const failed = { ...answer, redact: (text: string) => redact(text, { headers, path, body }) };
      return this.judge(failed, read, now, span);
    }
    return this.judge(answer, read, now, span);
  }

  /** @throws FlagshipError When the client is closed, or the signal of the application is aborted. */
  private expectOpen(session: Session): void {
    if (session.isOver) throw closedError();
    if (this.#signal?.isAborted === true) throw new AbortedError();
  }

  /** The signal of the application's says so: what is under way ends, and nothing is repeated. */
  private interrupt(): void {
    this.session.interrupt(new AbortedError());
    this.transport?.interrupt(new AbortedError());
  }

  private judge<T>(answer: HttpResponse, read: Read<T>, start: number, span: UpstreamSpan | undefined): T {
    const duration = performance.now() - start;
    try {
      const result = read(answer);
      this.meter.answered(answer.status, duration);
      span?.answered(answer.status);
      return result;
    } catch (error) {
      this.meter.answered(answer.status, duration, error);
      span?.answered(answer.status, error);
      throw error;
    }
  }

  private async dispatch(
    { method, path, body, maxBytes }: ClientRequest,
    headers: HeaderMap,
    start: number,
    timeLeft: number,
    limit: TimeLimit,
    span: UpstreamSpan | undefined,
  ): Promise<HttpResponse> {
    const transport = (this.transport ??= this.createTransport());
    this.meter.started();
    try {
      // Not spread: adding to an object made by spreading gives each one a shape of its own, slow to read for undici.
      const request = { method, path, headers, body, maxBytes };
      const time = Math.max(1, Math.ceil(timeLeft));
      if (span === undefined) return await transport.send(request, time, limit);
      const send = (): Promise<HttpResponse> => transport.send(request, time, limit);
      return await (this.#options.fetch === undefined ? span.alone(send) : span.within(send));
    } catch (error) {
      this.meter.unanswered(error, performance.now() - start);
      span?.unanswered(error);
      throw error;
    }
  }

  private createTransport(): Transport {
    const { endpoint, fetch, fetchInit, timeout } = this.#options;
    return fetch === undefined
      ? new UndiciTransport(endpoint.origin, timeout)
      : new FetchTransport(endpoint.origin, fetch, fetchInit);
  }
}
