import { type IncomingHttpHeaders } from 'node:http';
import { type Dispatcher } from 'undici';
import { decodeBody, DecodedTooLargeError } from './content-coding';
import { tooLargeError, undecodableError } from './request-errors';
import { readEntityTag, readHeader } from './response-header';
import { type HttpResponse, type OutgoingRequest } from './transport';

/** The part of undici's controller that is used. */
type RequestController = Pick<Dispatcher.DispatchController, 'abort'>;

/** Creates the errors of a request without a complete response. */
export interface ResponseErrors {
  timeout(): Error;
  network(cause: unknown): Error;
}

/**
 * Receives one response from undici, from dispatch to the last byte. It settles exactly once: with the complete
 * response, with an error, or when its own timer fires. It has a timer of its own because undici does not notice that a
 * request is aborted before it is connected (https://github.com/nodejs/undici/issues/386).
 */
export class ResponseHandler implements Dispatcher.DispatchHandler {
  private readonly timer: NodeJS.Timeout;
  private controller: RequestController | undefined;
  private chunks: Buffer[] = [];
  private size = 0;
  private status = 0;
  private etag: string | undefined;
  private retryAfter: string | undefined;
  private contentEncoding: string | undefined;
  private failure: Error | undefined;

  constructor(
    private readonly resolve: (response: HttpResponse) => void,
    private readonly reject: (error: Error) => void,
    private readonly request: OutgoingRequest,
    private readonly errors: ResponseErrors,
    timeLeftMs: number,
  ) {
    this.timer = setTimeout(() => {
      this.fail(errors.timeout());
    }, timeLeftMs);
  }

  onRequestStart(controller: RequestController): void {
    this.controller = controller;
    // The request failed while it was still queued for a connection.
    if (this.failure !== undefined) controller.abort(this.failure);
  }

  onResponseStart(_: unknown, status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.etag = readEntityTag(headers);
    this.retryAfter = readHeader(headers, 'retry-after');
    this.contentEncoding = readHeader(headers, 'content-encoding');
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    const { maxBytes } = this.request;
    this.size += chunk.length;
    if (this.size > maxBytes) this.fail(tooLargeError(this.status, maxBytes));
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.controller = undefined;
    const [firstChunk] = this.chunks;
    const bytes =
      firstChunk !== undefined && this.chunks.length === 1
        ? firstChunk
        : Buffer.concat(this.chunks, this.size);
    if (this.contentEncoding === undefined) this.complete(bytes);
    else void this.decode(bytes, this.contentEncoding);
  }

  onResponseError(_: unknown, error: Error): void {
    this.fail(this.errors.network(error));
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

  /** Decodes the body within the time limit of the request. */
  private async decode(bytes: Buffer, contentEncoding: string): Promise<void> {
    const { status, request } = this;
    try {
      this.complete(await decodeBody(bytes, contentEncoding, request.maxBytes));
    } catch (error) {
      if (error instanceof DecodedTooLargeError) this.fail(tooLargeError(status, request.maxBytes));
      // The status alone says what went wrong: a 404 is final, whatever its page is.
      else if (status < 200 || status > 299) this.complete(Buffer.alloc(0));
      else this.fail(undecodableError(contentEncoding, error, request));
    }
  }

  private complete(body: Buffer): void {
    if (this.failure !== undefined) return;
    clearTimeout(this.timer);
    const { status, etag, retryAfter } = this;
    this.resolve({ status, body: body.toString('utf8'), etag, retryAfter });
  }
}
