/** The longest value that is read, in characters. The headers that are read here have no use for a longer one. */
const MAX_VALUE_LENGTH = 1024;

/** An entity tag of RFC 9110, or a bare word, as some servers send it. Both can be sent back. */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$|^[\x21\x23-\x2b\x2d-\x7e]+$/;

/** `Headers`, a plain object of headers, or another object that a `fetch` of the application's returned. */
type HeadersLike = Readonly<Record<string, unknown>>;

function fieldOf(headers: HeadersLike, name: string): unknown {
  if (typeof headers.get === 'function') return (headers as unknown as Headers).get(name);
  const ownName = Object.hasOwn(headers, name)
    ? name
    : Object.keys(headers).find((other) => other.toLowerCase() === name);
  return ownName === undefined ? undefined : headers[ownName];
}

/**
 * Reads one header of a response, from undici's record, from `Headers` or from a similar object. The values of a
 * repeated header are joined with commas, as `Headers` does.
 *
 * @param name In lower case.
 * @returns The value without blanks around it; undefined when it is absent, not text, too long or cannot be read.
 */
export function readHeader(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  try {
    const field = fieldOf(headers as HeadersLike, name);
    const lines: readonly unknown[] = Array.isArray(field) ? field : [field];
    if (lines.length === 0 || !lines.every((line) => typeof line === 'string')) return undefined;
    const value = lines.join(', ').replace(/^[\t ]+|[\t ]+$/g, '');
    return value === '' || value.length > MAX_VALUE_LENGTH ? undefined : value;
  } catch {
    // Headers that throw count as absent.
    return undefined;
  }
}

/** Reads the entity tag of a response. Returns undefined for one that cannot be sent back. */
export function readEntityTag(headers: unknown): string | undefined {
  const tag = readHeader(headers, 'etag');
  return tag !== undefined && ENTITY_TAG.test(tag) ? tag : undefined;
}
