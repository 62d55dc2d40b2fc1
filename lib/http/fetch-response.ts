import { setImmediate } from 'node:timers/promises';
import { readEntityTag, readHeader } from './response-header';
import { type HttpResponse } from './transport';

/** How many parts of a body are read before other work gets its turn. */
const CHUNKS_AT_ONCE = 256;

/** An answer whose body is absent where it is too large. */
export type FetchResponse = Omit<HttpResponse, 'body'> & { readonly body: string | undefined };

/**
 * What a `fetch` of the application's resolves with: a `Response`, what tests put in the place of one, or anything else.
 * Nothing of it is believed before it has been checked.
 */
interface ResponseLike {
  readonly status?: unknown;
  readonly ok?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly text?: unknown;
  readonly json?: unknown;
}

function unusable(what: string): Error {
  return new Error(`the option "fetch" gave ${what}`);
}

function statusOf({ status, ok }: ResponseLike): number {
  // A likeness may have no more than `ok`.
  const code = status === undefined && ok === true ? 200 : status;
  if (typeof code === 'number' && Number.isInteger(code) && code >= 100 && code <= 999) return code;
  throw unusable('no response with an HTTP status');
}

function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (chunk instanceof Uint8Array || ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  throw unusable('a body that is not made of bytes');
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
    // A body that is ready at once, and never ends, would keep the process from everything, its time limit included.
    if (++count % CHUNKS_AT_ONCE === 0) await setImmediate();
    // The wait is over, and the body need not know of the signal.
    signal.throwIfAborted();
    const bytes = bytesOf(chunk);
    if (bytes.length === 0) continue;
    size += bytes.length;
    // Leaving the loop cancels the rest of the body.
    if (size > maxBytes) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

async function readWhole(response: ResponseLike, maxBytes: number): Promise<string | undefined> {
  const { text, json } = response;
  if (typeof text !== 'function' && typeof json !== 'function') throw unusable('a response without a body');
  const whole: unknown = await (typeof text === 'function'
    ? (text.call(response) as unknown)
    : (json as () => unknown).call(response));
  const read: unknown = typeof text === 'function' ? whole : JSON.stringify(whole);
  if (typeof read !== 'string') throw unusable('a body that is not text');
  return Buffer.byteLength(read) > maxBytes ? undefined : read;
}

function isIterable(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

/**
 * Reads what a `fetch` of the application's has resolved with, the body to its end.
 *
 * @param signal Ends reading a body that comes in parts.
 * @throws Whatever reading it throws; the caller takes it for a failed request.
 */
export async function readFetchResponse(
  response: unknown,
  maxBytes: number,
  signal: AbortSignal,
): Promise<FetchResponse> {
  if (typeof response !== 'object' || response === null) throw unusable('no response');
  const likeness = response as ResponseLike;
  const status = statusOf(likeness);
  const { body: given, headers } = likeness;
  const body =
    given === null
      ? ''
      : isIterable(given)
        ? await readStream(given, maxBytes, signal)
        : await readWhole(likeness, maxBytes);
  return { status, body, etag: readEntityTag(headers), retryAfter: readHeader(headers, 'retry-after') };
}
