import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import type * as Zlib from 'node:zlib';

/** The content codings that are decoded, for the header `accept-encoding`. */
export const ACCEPTED_CODINGS = 'gzip, deflate, br';

/** More codings on top of each other are an attack: each one multiplies the CPU time. */
const MAX_CODINGS = 5;
/**
 * The largest body, in bytes, that is decoded without leaving the event loop. It takes a millisecond at most, and the
 * usual answer 7 µs, of which a thread would make 45 µs.
 */
const MAX_SYNC_BYTES = 128 * 1024;

/** Loads zlib at first use: it takes as long to load as the rest of this package, and few answers are compressed. */
function loadZlib(): typeof Zlib {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  return require('node:zlib') as typeof Zlib;
}

type Decode = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer | Promise<Buffer>;

/** Returns the function that undoes a coding, or undefined for an unknown one. */
function decoderOf(coding: string, bytes: Buffer, isSmall: boolean): Decode | undefined {
  const zlib = loadZlib();
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return isSmall ? zlib.gunzipSync : promisify(zlib.gunzip);
    case 'br':
      return isSmall ? zlib.brotliDecompressSync : promisify(zlib.brotliDecompress);
    case 'deflate':
      // Some servers leave out the zlib header, whose first byte ends in 8.
      if (((bytes[0] ?? 0) & 0x0f) !== 0x08)
        return isSmall ? zlib.inflateRawSync : promisify(zlib.inflateRaw);
      return isSmall ? zlib.inflateSync : promisify(zlib.inflate);
    default:
      return undefined;
  }
}

/** The body of a response is larger than the limit once it is decoded. */
export class DecodedTooLargeError extends Error {}

/** Returns the codings of a `content-encoding` header, in the order in which they are undone. */
function codingsOf(contentEncoding: string): string[] {
  return contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity')
    .reverse();
}

/**
 * Decodes the body of a response. Decoding ends at the limit: a small body that decodes to gigabytes takes no more
 * memory than the limit allows.
 *
 * @param contentEncoding The value of the header `content-encoding`.
 * @param maxBytes The largest result, and the largest intermediate result, in bytes.
 * @returns The decoded bytes. As `fetch` does, text in an unknown coding is returned as it is.
 * @throws DecodedTooLargeError When the body is larger than the limit.
 * @throws Error When the bytes are not in the named coding, or end early.
 */
export async function decodeBody(bytes: Buffer, contentEncoding: string, maxBytes: number): Promise<Buffer> {
  const codings = codingsOf(contentEncoding);
  if (codings.length > MAX_CODINGS) throw new Error(`more than ${MAX_CODINGS} codings`);
  let result = bytes;
  for (const coding of codings) {
    // A response without a body may name the coding that its body would have.
    if (result.length === 0) return result;
    const decode = decoderOf(coding, result, maxBytes <= MAX_SYNC_BYTES);
    if (decode === undefined) {
      if (isUtf8(result)) return result;
      throw new Error(`accepted are ${ACCEPTED_CODINGS}`);
    }
    result = await limited(decode, result, maxBytes);
  }
  return result;
}

async function limited(decode: Decode, bytes: Buffer, maxOutputLength: number): Promise<Buffer> {
  try {
    return await decode(bytes, { maxOutputLength });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new DecodedTooLargeError();
    throw error;
  }
}
