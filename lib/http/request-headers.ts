import { FlagshipErrorCode, messageOf } from '../errors';
import { type HeaderMap, readHeaders, type ResolvedHttpOptions } from '../options';
import { ACCEPTED_CODINGS } from './content-coding';
import { type TimeLimit } from './limits';
import { redact } from './redact';
import { shortened, timeoutError, TransientError } from './request-errors';
import { type CancellableWaits } from './cancellable-waits';
import { type OutgoingRequest } from './transport';

/** A request before its headers are complete. Its `headers` are those that only this request needs. */
export type RequestWithoutHeaders = Omit<OutgoingRequest, 'headers'> &
  Partial<Pick<OutgoingRequest, 'headers'>>;

const FIXED_HEADERS: HeaderMap = { accept: 'application/json', 'user-agent': 'nestjs-flagship' };
/** Sent by the built-in client alone: a `fetch` names the codings that it decodes. */
const CODING_HEADERS: HeaderMap = { 'accept-encoding': ACCEPTED_CODINGS };

/**
 * The headers of requests: fixed ones, those of the options, and those that `headersFactory` returns for each attempt.
 */
export class RequestHeaders {
  // Private fields of the language: the token must not appear where an application prints the provider.
  readonly #headers: HeaderMap;
  readonly #bodyHeaders: HeaderMap;
  readonly #factory: ResolvedHttpOptions['headersFactory'];
  /** The last result of the factory. The message of its next failure may quote it. */
  #lastFactoryHeaders: HeaderMap = {};

  constructor({ headers, headersFactory, fetch }: ResolvedHttpOptions) {
    this.#headers = { ...FIXED_HEADERS, ...(fetch === undefined ? CODING_HEADERS : {}), ...headers };
    this.#bodyHeaders = { ...this.#headers, 'content-type': 'application/json' };
    this.#factory = headersFactory;
  }

  /** Whether {@link callFactory} has to be called for each attempt. */
  get hasFactory(): boolean {
    return this.#factory !== undefined;
  }

  /** Returns the headers of a request. Those of the factory take precedence over all others. */
  headersFor({ body, headers: own }: RequestWithoutHeaders, factoryHeaders?: HeaderMap): HeaderMap {
    const base = body === undefined ? this.#headers : this.#bodyHeaders;
    return factoryHeaders === undefined && own === undefined ? base : { ...base, ...own, ...factoryHeaders };
  }

  /**
   * Calls `headersFactory` and returns its headers.
   *
   * @throws TransientError When it fails, or takes longer than the time that is left.
   */
  async callFactory(
    request: RequestWithoutHeaders,
    waits: CancellableWaits,
    timeLeftMs: number,
    limit: TimeLimit,
  ): Promise<HeaderMap> {
    const timeout: { error?: Error } = {};
    const createTimeoutError = (): Error => (timeout.error = timeoutError(limit));
    const factory = this.#factory ?? ((): HeaderMap => ({}));
    try {
      const result = await waits.waitFor('headersFactory', factory, timeLeftMs, createTimeoutError);
      return (this.#lastFactoryHeaders = readHeaders(result));
    } catch (error) {
      // Compared by identity: the factory may throw an error of this package's with an unredacted text.
      if (error === timeout.error || error === waits.abortReason) throw error;
      throw this.redactedFailure('The option "headersFactory" failed', error, request);
    }
  }

  /** Returns an error of other code as a failure that may pass, its text redacted. */
  redactedFailure(what: string, error: unknown, { path, body }: RequestWithoutHeaders): TransientError {
    // The text may quote the options' headers as well as those of the factory, which replace them in the request.
    const headers = this.#lastFactoryHeaders;
    const reason = shortened(redact(messageOf(error), { headers, optionHeaders: this.#headers, path, body }));
    return new TransientError(`${what}: ${reason}`, FlagshipErrorCode.GENERAL);
  }

  /** Drops the last headers of the factory. */
  clear(): void {
    this.#lastFactoryHeaders = {};
  }
}
