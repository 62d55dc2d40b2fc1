import { type HeaderMap } from '../options';
import { type TimeLimit } from './limits';

/** A request, relative to the transport's origin. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly headers: HeaderMap;
  readonly body?: string;
  /** The largest response body that is read, in bytes. */
  readonly maxBytes: number;
}

/** A complete response, of any status. */
export interface HttpResponse {
  readonly status: number;
  readonly body: string;
  readonly etag?: string;
  /** The value of the `Retry-After` header, unparsed. */
  readonly retryAfter?: string;
}

/** Sends requests to one origin, without retries. */
export interface Transport {
  /**
   * Sends a request. Settles within `timeLeftMs`, body included, whatever the network does.
   *
   * @param limit The time limit that the error names when the time ends.
   * @returns The response, of any status.
   * @throws FlagshipError When there was no complete response in time.
   */
  send(request: OutgoingRequest, timeLeftMs: number, limit: TimeLimit): Promise<HttpResponse>;
  /** Rejects all pending requests with this error. Later requests are sent. */
  interrupt(reason: Error): void;
  /** Rejects all pending requests and closes the connections. */
  close(): Promise<void>;
}
