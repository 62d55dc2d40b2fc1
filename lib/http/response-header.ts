/** Longer values than this of the headers that are read are garbage, in characters. */
const MAX_LENGTH = 1024;

/** An entity tag as RFC 9110 has it, or a bare word, as some servers send it. Either can be sent back. */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$|^[\x21\x23-\x2b\x2d-\x7e]+$/;

/** A likeness of `Headers`, a plain object of headers, or what else a `fetch` of the application's came up with. */
type HeadersLike = Readonly<Record<string, unknown>>;

function fieldOf(headers: HeadersLike, name: string): unknown {
  if (typeof headers.get === 'function') return (headers as unknown as Headers).get(name);
  const own = Object.hasOwn(headers, name)
    ? name
    : Object.keys(headers).find((other) => other.toLowerCase() === name);
  return own === undefined ? undefined : headers[own];
}

/**
 * Reads one header of an answer, whatever holds the headers: undici's record, `Headers`, a likeness of either. A header
 * that came several times is joined with commas, as `Headers` does it.
 *
 * @param name In lower case.
 * @returns The value without blanks around it; undefined where there is none that is text, or it cannot be read.
 */
export function readHeader(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  try {
    const field = fieldOf(headers as HeadersLike, name);
    const lines: readonly unknown[] = Array.isArray(field) ? field : [field];
    if (lines.length === 0 || !lines.every((line) => typeof line === 'string')) return undefined;
    const value = lines.join(', ').replace(/^[\t ]+|[\t ]+$/g, '');
    return value === '' || value.length > MAX_LENGTH ? undefined : value;
  } catch {
    // A likeness that throws has no headers to tell of.
    return undefined;
  }
}

/** Reads the entity tag of an answer; nothing where it could not be sent back. */
export function readEntityTag(headers: unknown): string | undefined {
  const tag = readHeader(headers, 'etag');
  return tag !== undefined && ENTITY_TAG.test(tag) ? tag : undefined;
}
