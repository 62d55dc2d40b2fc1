/** An entity tag with or without its quotes and the mark of a weak one. Longer ones are no use to a reader of answers. */
const ENTITY_TAG = /^(?:W\/)?"?([\x21\x23-\x7e]{1,256})"?$/;

/**
 * Returns the version of definitions: their ETag without quotes, which every instance and the log of a proxy name alike.
 *
 * @param etag The ETag of Flagship, or what a store or a file has kept in its place.
 * @returns The version; undefined without an ETag, or for another value.
 */
export function versionOf(etag: unknown): string | undefined {
  return typeof etag === 'string' ? ENTITY_TAG.exec(etag)?.[1] : undefined;
}
