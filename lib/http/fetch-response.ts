import { setImmediate } from 'node:timers/promises';
import { readEntityTag, readHeader } from './response-header';
import { type HttpResponse } from './transport';

/** How many chunks of a body are read before other work gets a turn of the event loop. */
const CHUNKS_PER_TURN = 256;

/** A response whose body is undefined when it is too large. */
export type FetchResponse = Omit<HttpResponse, 'body'> & { readonly body: string | undefined };

/**
 * The result of a `fetch` of the application's: a `Response`, an object with some of its members, as tests use it, or
 * any other value. Every member is checked before use.
 */
interface ResponseLike {
  readonly status?: unknown;
  readonly ok?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly text?: unknown;
  readonly json?: unknown;
}

function unusableResponse(what: string): Error {
  return new Error(`the option "fetch" returned ${what}`);
}

function statusOf({ status, ok }: ResponseLike): number {
  // The response of a test may have `ok` without `status`.
  const code = status === undefined && ok === true ? 200 : status;
  if (typeof code === 'number' && Number.isInteger(code) && code >= 100 && code <= 999) return code;
  throw unusableResponse('no response with an HTTP status');
}

function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (chunk instanceof Uint8Array || ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  throw unusableResponse('a body that is not made of bytes');
}

async function readStream(
  body: AsyncIterable<unknown>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let count = 0;
  for await (const chunk of body) {
    // An endless body whose chunks are ready at once would block the event loop, and with it the timer of the time
    // limit.
    if (++count % CHUNKS_PER_TURN === 0) await setImmediate();
    // The body need not be connected to the signal.
    signal.throwIfAborted();
    const bytes = bytesOf(chunk);
    if (bytes.length === 0) continue;
    size += bytes.length;
    // Leaving the loop cancels the remaining body.
    if (size > maxBytes) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

async function readWithMethod(response: ResponseLike, maxBytes: number): Promise<string | undefined> {
  const { text, json } = response;
  if (typeof text !== 'function' && typeof json !== 'function')
    throw unusableResponse('a response without a body');
  const content: unknown = await (typeof text === 'function'
    ? (text.call(response) as unknown)
    : (json as () => unknown).call(response));
  const body: unknown = typeof text === 'function' ? content : JSON.stringify(content);
  if (typeof body !== 'string') throw unusableResponse('a body that is not text');
  return Buffer.byteLength(body) > maxBytes ? undefined : body;
}

function isStream(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

/**
 * Reads the result of a `fetch` of the application's, the whole body included.
 *
 * @param signal Ends the reading of a streamed body.
 * @returns The response; its body is undefined when it is larger than `maxBytes`.
 * @throws Whatever reading the result throws. The caller treats it as a failed request.
 */
export async function readFetchResponse(
  result: unknown,
  maxBytes: number,
  signal: AbortSignal,
): Promise<FetchResponse> {
  if (typeof result !== 'object' || result === null) throw unusableResponse('no response');
  const response = result as ResponseLike;
  const status = statusOf(response);
  const { body: source, headers } = response;
  const body =
    source === null
      ? ''
      : isStream(source)
        ? await readStream(source, maxBytes, signal)
        : await readWithMethod(response, maxBytes);
  return { status, body, etag: readEntityTag(headers), retryAfter: readHeader(headers, 'retry-after') };
}
