import { type IncomingHttpHeaders } from 'node:http';
import { type Dispatcher } from 'undici';
import { networkError, tooLargeError } from './request-errors';
import { readEntityTag, readHeader } from './response-header';
import { type HttpResponse, type OutgoingRequest } from './transport';

/**
 * Receives one response from undici, from dispatch to the last byte. It settles exactly once: with the complete
 * response, with an error, or when its own timer fires. It has a timer of its own because undici does not notice that a
 * request is aborted before it is connected (https://github.com/nodejs/undici/issues/386).
 */
export class ResponseHandler implements Dispatcher.DispatchHandler {
  private readonly timer: NodeJS.Timeout;
  private controller: Dispatcher.DispatchController | undefined;
  private chunks: Buffer[] = [];
  private size = 0;
  private status = 0;
  private etag: string | undefined;
  private retryAfter: string | undefined;
  private failure: Error | undefined;

  constructor(
    private readonly resolve: (response: HttpResponse) => void,
    private readonly reject: (error: Error) => void,
    private readonly request: OutgoingRequest,
    timeoutError: () => Error,
    timeLeftMs: number,
  ) {
    this.timer = setTimeout(() => {
      this.fail(timeoutError());
    }, timeLeftMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // The request failed while it was still queued for a connection.
    if (this.failure !== undefined) controller.abort(this.failure);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.etag = readEntityTag(headers);
    this.retryAfter = readHeader(headers, 'retry-after');
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    const { maxBytes } = this.request;
    this.size += chunk.length;
    if (this.size > maxBytes) this.fail(tooLargeError(this.status, maxBytes));
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    clearTimeout(this.timer);
    const [firstChunk] = this.chunks;
    const bytes =
      firstChunk !== undefined && this.chunks.length === 1
        ? firstChunk
        : Buffer.concat(this.chunks, this.size);
    const { status, etag, retryAfter } = this;
    this.resolve({ status, body: bytes.toString('utf8'), etag, retryAfter });
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    this.fail(networkError(error, this.request));
  }

  /** Rejects at once and frees the connection. Later calls have no effect. */
  fail(error: Error): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    clearTimeout(this.timer);
    this.chunks = [];
    this.reject(error);
    this.controller?.abort(error);
  }
}
