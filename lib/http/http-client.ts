import { FlagshipErrorCode, messageOf } from '../errors';
import { type HeadersInput, type HeaderMap, readHeaders, type ResolvedHttpOptions } from '../options';
import { Circuit, type CircuitListener } from './circuit';
import { FetchTransport } from './fetch-transport';
import { type TimeLimit } from './limits';
import { retryPause } from './retry-pause';
import { conceal } from './secrets';
import { closedError, Session } from './session';
import { TransientError } from './transient-error';
import { type HttpAnswer, type HttpRequest, type Transport } from './transport';
import { Tracing } from './tracing';
import { UndiciTransport } from './undici-transport';
import { UpstreamMeter } from './upstream-meter';
import { type SpanDescription, type UpstreamSpan } from './upstream-span';

/** A request; `headers` only where it needs others than every request has. */
export type ClientRequest = Omit<HttpRequest, 'headers'> &
  Partial<Pick<HttpRequest, 'headers'>> & {
    /** What its spans say; without it there are none. */
    readonly span?: SpanDescription;
  };

/** Takes an answer, or throws the failure that it stands for. */
type Read<T> = (answer: HttpAnswer) => T;

const FIXED_HEADERS: HeaderMap = { accept: 'application/json', 'user-agent': 'nestjs-flagship' };

/** Talks to one origin: headers, time limits, repetition, circuit breaker. */
export class HttpClient {
  readonly meter = new UpstreamMeter();

  // Private to the language as well: whoever prints a provider must not find its token.
  readonly #options: ResolvedHttpOptions;
  readonly #headers: HeaderMap;
  readonly #bodyHeaders: HeaderMap;
  readonly #timeout: TimeLimit;
  readonly #deadline: TimeLimit;
  readonly #tracing: Tracing | undefined;
  private session = new Session();
  private breaker: Circuit | undefined;
  private transport: Transport | undefined;

  /** @param listener Told when the circuit opens and closes; without one, Flagship is asked whatever happens. */
  constructor(
    options: ResolvedHttpOptions,
    private readonly listener?: CircuitListener,
  ) {
    this.#options = options;
    this.#headers = { ...FIXED_HEADERS, ...options.headers };
    this.#bodyHeaders = { ...this.#headers, 'content-type': 'application/json' };
    this.#timeout = { option: 'timeout', value: options.timeout };
    this.#deadline = { option: 'deadline', value: options.deadline };
    this.#tracing = Tracing.towards(options.endpoint);
  }

  /** Prepares the connections, so that the first evaluation does not pay for it. */
  open(): void {
    if (this.session.isOver) this.session = new Session();
    this.transport ??= this.createTransport();
    const { circuit } = this.#options;
    if (circuit !== undefined && this.listener !== undefined)
      this.breaker ??= new Circuit(circuit, this.listener);
  }

  /** Is a request worth a description for its spans? */
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
    const { retries } = this.#options;
    if (this.transport === undefined && !this.session.isOver) this.open();
    const { breaker } = this;
    if (breaker === undefined) return this.persist(request, read, retries);
    return breaker.run((isTrial) => this.persist(request, read, isTrial ? 0 : retries));
  }

  /** Ends everything under way; waiting callers get their error at once. */
  async close(): Promise<void> {
    this.breaker?.end();
    this.session.end();
    this.breaker = undefined;
    const transport = this.transport;
    this.transport = undefined;
    await transport?.close();
  }

  private async persist<T>(request: ClientRequest, read: Read<T>, retries: number): Promise<T> {
    const { session, breaker } = this;
    const end = performance.now() + this.#options.deadline;
    // The default leaves each attempt its time, but for timers that are a little late, and pauses that a server asks for.
    let isTight = this.#options.hasOwnDeadline;
    for (let retriesLeft = retries; ; retriesLeft--) {
      try {
        return await this.attempt(request, read, session, { end, isTight }, retries - retriesLeft);
      } catch (error) {
        if (!(error instanceof TransientError) || retriesLeft <= 0) throw error;
        const pause = retryPause(error, this.#options.retryDelay);
        if (performance.now() + pause >= end) throw error;
        isTight ||= error.retryAfter !== undefined;
        await session.pause(pause);
        // Closed meanwhile, or others have found out that it is of no use.
        if (session.isOver || breaker?.state === 'open') throw error;
      }
    }
  }

  private async attempt<T>(
    request: ClientRequest,
    read: Read<T>,
    session: Session,
    deadline: { readonly end: number; readonly isTight: boolean },
    resends: number,
  ): Promise<T> {
    let now = performance.now();
    const { timeout, headersFactory } = this.#options;
    const end = Math.min(now + timeout, deadline.end);
    const limit = deadline.isTight && end - now < timeout * 0.9 ? this.#deadline : this.#timeout;
    let fresh: HeaderMap | undefined;
    if (headersFactory !== undefined) {
      fresh = await this.makeHeaders(headersFactory, session, end - now, limit);
      now = performance.now();
    }
    if (session.isOver) throw closedError();
    const headers = this.headersOf(request, fresh);
    const span = request.span && this.#tracing?.start(request.span, request.method, resends);
    const answer = await this.dispatch(request, headers, now, end - now, limit, span);
    if (answer.status < 200 || answer.status > 299) {
      const shown = { ...answer, conceal: (text: string) => conceal(text, headers) };
      return this.judge(shown, read, now, span);
    }
    return this.judge(answer, read, now, span);
  }

  private async makeHeaders(
    factory: () => HeadersInput | Promise<HeadersInput>,
    session: Session,
    timeLeft: number,
    limit: TimeLimit,
  ): Promise<HeaderMap> {
    try {
      return readHeaders(await session.limit(Promise.resolve().then(factory), timeLeft, limit));
    } catch (error) {
      if (error instanceof TransientError) throw error;
      const reason = conceal(messageOf(error), this.#headers);
      throw new TransientError(`The option "headersFactory" failed: ${reason}`, FlagshipErrorCode.GENERAL);
    }
  }

  private judge<T>(answer: HttpAnswer, read: Read<T>, start: number, span: UpstreamSpan | undefined): T {
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
  ): Promise<HttpAnswer> {
    const transport = (this.transport ??= this.createTransport());
    this.meter.started();
    try {
      // Not spread: adding to an object made by spreading gives each one a shape of its own, slow to read for undici.
      const request = { method, path, headers, body, maxBytes };
      const time = Math.max(1, Math.ceil(timeLeft));
      if (span === undefined) return await transport.send(request, time, limit);
      const send = (): Promise<HttpAnswer> => transport.send(request, time, limit);
      return await (this.#options.fetch === undefined ? span.alone(send) : span.within(send));
    } catch (error) {
      this.meter.unanswered(error, performance.now() - start);
      span?.unanswered(error);
      throw error;
    }
  }

  private headersOf(request: ClientRequest, fresh: HeaderMap | undefined): HeaderMap {
    const base = request.body === undefined ? this.#headers : this.#bodyHeaders;
    const own = request.headers;
    return fresh === undefined && own === undefined ? base : { ...base, ...own, ...fresh };
  }

  private createTransport(): Transport {
    const { endpoint, fetch, fetchInit, timeout } = this.#options;
    return fetch === undefined
      ? new UndiciTransport(endpoint.origin, timeout)
      : new FetchTransport(endpoint.origin, fetch, fetchInit);
  }
}
