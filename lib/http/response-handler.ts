import { type IncomingHttpHeaders } from 'node:http';
import { type Dispatcher } from 'undici';
import { networkError, tooLargeError } from './limits';
import { readEntityTag, readHeader } from './response-header';
import { type HttpResponse, type HttpRequest } from './transport';

/**
 * One request on its way through the pool, from dispatch to the last byte. Settles exactly once: with the whole
 * answer, with an error, or when its own timer fires, even if the pool has gone deaf.
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
    private readonly resolve: (answer: HttpResponse) => void,
    private readonly reject: (error: Error) => void,
    private readonly request: HttpRequest,
    tooLate: () => Error,
    timeLeft: number,
  ) {
    this.timer = setTimeout(() => {
      this.fail(tooLate());
    }, timeLeft);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // It was given up while it still waited for a connection.
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
    const [only] = this.chunks;
    const bytes =
      only !== undefined && this.chunks.length === 1 ? only : Buffer.concat(this.chunks, this.size);
    const { status, etag, retryAfter } = this;
    this.resolve({ status, body: bytes.toString('utf8'), etag, retryAfter });
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    this.fail(networkError(error, this.request));
  }

  /** Gives up: rejects at once and frees the connection. */
  fail(error: Error): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    clearTimeout(this.timer);
    this.chunks = [];
    this.reject(error);
    this.controller?.abort(error);
  }
}
