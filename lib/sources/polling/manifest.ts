import { isJsonObject } from '../../evaluation';

/** An instance, and the number of its latest response from Flagship. */
export type ResponseCount = readonly [instance: string, count: number];

/** The largest number of instances that a confirmation names. Few instances send requests in turn. */
const MAX_SEEN = 32;

/**
 * A response in which Flagship confirmed certain definitions as its current ones. Which of two confirmations is newer
 * follows from the responses that each instance knew of when it sent its request, because the clocks of instances
 * differ.
 */
export interface Revalidation {
  /** The instance that received the response. */
  readonly by: string;
  /** The number of the response among those of the instance, from 1. */
  readonly count: number;
  /** When the response arrived, in milliseconds since 1970, by the clock of the instance. */
  readonly at: number;
  /** The responses that the instance knew of when it sent the request, which are older, and this response. */
  readonly seen: readonly ResponseCount[];
}

/** The manifest of the definitions in the store. It is small, because every instance reads it at every interval. */
export interface Manifest extends Revalidation {
  readonly etag?: string;
  /** The digest of the text that the store holds. */
  readonly digest: string;
  /** When the text was written, in milliseconds since 1970. */
  readonly writtenAt: number;
}

/**
 * Whether the response of a confirmation is the same as that of another one or was certainly given later. If not, their
 * order is unknown.
 */
export function isSameOrNewer({ seen }: Revalidation, { by, count }: Revalidation): boolean {
  return seen.some(([instance, known]) => instance === by && known >= count);
}

/** The latest response of each instance, as far as this instance knows. */
export class VersionVector {
  private readonly counts = new Map<string, number>();

  add(counts: Iterable<ResponseCount>): void {
    for (const [instance, count] of counts) {
      const latest = Math.max(count, this.counts.get(instance) ?? 0);
      // Moved to the end, so that the instances that were added longest ago are dropped first.
      this.counts.delete(instance);
      this.counts.set(instance, latest);
    }
    for (const instance of this.counts.keys()) {
      if (this.counts.size <= MAX_SEEN) break;
      this.counts.delete(instance);
    }
  }

  list(): readonly ResponseCount[] {
    return [...this.counts];
  }
}

/** Parses the content of the manifest's entry in a store. Returns undefined if it is malformed. */
export function parseManifest(content: unknown): Manifest | undefined {
  try {
    const manifest: unknown = typeof content === 'string' ? JSON.parse(content) : undefined;
    if (!isJsonObject(manifest)) return undefined;
    const { by, count, at, seen, etag, digest, writtenAt } = manifest as unknown as Manifest;
    const areTexts = typeof by === 'string' && typeof digest === 'string';
    const isEtag = etag === undefined || (typeof etag === 'string' && HEADER_VALUE.test(etag));
    const areNumbers = [count, at, writtenAt].every(Number.isFinite);
    return areTexts && isEtag && areNumbers && Array.isArray(seen) && seen.every(isResponseCount)
      ? { by, count, at, seen: seen.slice(-MAX_SEEN), etag, digest, writtenAt }
      : undefined;
  } catch {
    return undefined;
  }
}

function isResponseCount(item: unknown): item is ResponseCount {
  return Array.isArray(item) && typeof item[0] === 'string' && Number.isFinite(item[1]);
}

/** The ETag is sent to Flagship, so a store must not be able to inject another header with a line break. */
const HEADER_VALUE = /^[\x20-\x7e]*$/;
