import { FlagshipErrorCode, messageOf } from '../errors';
import { type HeaderMap, readHeaders, type ResolvedHttpOptions } from '../options';
import { shortened, type TimeLimit, timeoutError } from './limits';
import { redact } from './redact';
import { type Session } from './session';
import { TransientError } from './transient-error';
import { type HttpRequest } from './transport';

/** A request before its headers are complete; `headers` only where it needs others than every request has. */
export type RequestWithoutHeaders = Omit<HttpRequest, 'headers'> & Partial<Pick<HttpRequest, 'headers'>>;

const FIXED_HEADERS: HeaderMap = { accept: 'application/json', 'user-agent': 'nestjs-flagship' };

/** The headers of requests: fixed ones, those of the options, and what `headersFactory` makes for each attempt. */
export class RequestHeaders {
  // Private to the language as well: whoever prints a provider must not find its token.
  readonly #headers: HeaderMap;
  readonly #bodyHeaders: HeaderMap;
  readonly #factory: ResolvedHttpOptions['headersFactory'];
  /** What the factory has made last: its next failure may be about that. */
  #latest: HeaderMap = {};

  constructor({ headers, headersFactory }: ResolvedHttpOptions) {
    this.#headers = { ...FIXED_HEADERS, ...headers };
    this.#bodyHeaders = { ...this.#headers, 'content-type': 'application/json' };
    this.#factory = headersFactory;
  }

  /** Whether a function of the application's has to be asked for each attempt. */
  get hasFactory(): boolean {
    return this.#factory !== undefined;
  }

  /** The headers of a request. */
  headersFor({ body, headers: own }: RequestWithoutHeaders, fresh?: HeaderMap): HeaderMap {
    const base = body === undefined ? this.#headers : this.#bodyHeaders;
    return fresh === undefined && own === undefined ? base : { ...base, ...own, ...fresh };
  }

  /**
   * Calls `headersFactory`.
   *
   * @throws TransientError When it fails, or takes longer than the time that is left.
   */
  async callFactory(
    request: RequestWithoutHeaders,
    session: Session,
    timeLeft: number,
    limit: TimeLimit,
  ): Promise<HeaderMap> {
    const late: { error?: Error } = {};
    const tooLate = (): Error => (late.error = timeoutError(limit));
    const factory = this.#factory ?? ((): HeaderMap => ({}));
    try {
      return (this.#latest = readHeaders(
        await session.waitFor('headersFactory', factory, timeLeft, tooLate),
      ));
    } catch (error) {
      // Told apart by identity: the function may throw an error of this package's, with a text of its own.
      if (error === late.error || error === session.abortReason) throw error;
      throw this.redactedFailure('The option "headersFactory" failed', error, request);
    }
  }

  /** An error whose text this package has not written, as a failure that may pass. */
  redactedFailure(what: string, error: unknown, { path, body }: RequestWithoutHeaders): TransientError {
    // What the factory has made wins over the headers; either may be quoted.
    const given = Object.entries(this.#headers).map(([name, value]) => [`given ${name}`, value]);
    const headers = { ...Object.fromEntries(given), ...this.#latest } as HeaderMap;
    const reason = shortened(redact(messageOf(error), { headers, path, body }));
    return new TransientError(`${what}: ${reason}`, FlagshipErrorCode.GENERAL);
  }

  /** Forgets what the factory has made. */
  clear(): void {
    this.#latest = {};
  }
}
