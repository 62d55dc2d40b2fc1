import { type HeaderMap } from '../options';
import { type TimeLimit } from './limits';

/** One request, relative to the transport's origin. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly headers: HeaderMap;
  readonly body?: string;
  /** The largest answer that is read, in bytes. */
  readonly maxBytes: number;
}

/** A complete answer of any status. */
export interface HttpResponse {
  readonly status: number;
  readonly body: string;
  readonly etag?: string;
  /** The `Retry-After` header, as it came. */
  readonly retryAfter?: string;
  /** Takes what the request carries out of what the answer says; absent where the answer is no failure. */
  readonly redact?: (text: string) => string;
}

/** Sends one request once. */
export interface Transport {
  /**
   * Settles within `timeLeft` milliseconds, body included, whatever the network does.
   *
   * @param limit What to blame when that is too short.
   * @throws FlagshipError When there was no complete answer in time.
   */
  send(request: HttpRequest, timeLeft: number, limit: TimeLimit): Promise<HttpResponse>;
  /** Ends the requests under way with this error; others may follow. */
  interrupt(reason: Error): void;
  /** Ends open requests and connections. */
  close(): Promise<void>;
}
