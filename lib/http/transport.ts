import { type HeaderMap } from '../options';

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
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  readonly etag?: string;
}

/** Sends one request once. */
export interface Transport {
  /**
   * Settles within `timeLeft` milliseconds, body included, whatever the network does.
   *
   * @throws TransientError when there was no complete answer in time.
   */
  send(request: HttpRequest, timeLeft: number): Promise<HttpAnswer>;
  /** Ends open requests and connections. */
  close(): Promise<void>;
}
