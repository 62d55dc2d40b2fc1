import { isObject } from '../../evaluation';

/** An instance, and how many answers it had had from Flagship. */
export type AnswerCount = readonly [instance: string, count: number];

/** How many instances' answers a confirmation names: those that ask in turn are few. */
const MAX_SEEN = 32;

/**
 * One answer of Flagship's, that certain definitions are its definitions. Which of two answers is newer is known by what
 * the instances knew of each other when they asked, because their clocks differ.
 */
export interface Confirmation {
  /** The instance that asked. */
  readonly by: string;
  /** Which of its answers this is, from 1. */
  readonly count: number;
  /** When it was answered, in milliseconds since 1970, by its own clock. */
  readonly at: number;
  /** The answers that were known to it when it asked, and this one: all of them are older, or this one. */
  readonly seen: readonly AnswerCount[];
}

/** What the store says about the definitions in it; small, because every instance reads it at every interval. */
export interface Manifest extends Confirmation {
  readonly etag?: string;
  /** Tells one text from another. */
  readonly digest: string;
  /** When the text was written. */
  readonly writtenAt: number;
}

/** Whether an answer was given later than another one, or is the same; if not, which is newer cannot be told. */
export function isSince({ seen }: Confirmation, { by, count }: Confirmation): boolean {
  return seen.some(([instance, known]) => instance === by && known >= count);
}

/** The answers that instances had had, the last ones of each, as far as this one has heard of them. */
export class VersionVector {
  private readonly counts = new Map<string, number>();

  add(counts: Iterable<AnswerCount>): void {
    for (const [instance, count] of counts) {
      const known = Math.max(count, this.counts.get(instance) ?? 0);
      // Moved to the end: what was heard of last is forgotten last.
      this.counts.delete(instance);
      this.counts.set(instance, known);
    }
    for (const instance of this.counts.keys()) {
      if (this.counts.size <= MAX_SEEN) break;
      this.counts.delete(instance);
    }
  }

  list(): readonly AnswerCount[] {
    return [...this.counts];
  }
}

/** Reads what a store holds in the place of a head; nothing where it cannot have been written there. */
export function parseManifest(found: unknown): Manifest | undefined {
  try {
    const head: unknown = typeof found === 'string' ? JSON.parse(found) : undefined;
    if (!isObject(head)) return undefined;
    const { by, count, at, seen, etag, digest, writtenAt } = head as unknown as Manifest;
    const isText = typeof by === 'string' && typeof digest === 'string';
    const isEtag = etag === undefined || (typeof etag === 'string' && HEADER_VALUE.test(etag));
    const areNumbers = [count, at, writtenAt].every(Number.isFinite);
    return isText && isEtag && areNumbers && Array.isArray(seen) && seen.every(isAnswerCount)
      ? { by, count, at, seen: seen.slice(-MAX_SEEN), etag, digest, writtenAt }
      : undefined;
  } catch {
    return undefined;
  }
}

function isAnswerCount(item: unknown): item is AnswerCount {
  return Array.isArray(item) && typeof item[0] === 'string' && Number.isFinite(item[1]);
}

/** It is sent to Flagship: nothing else of a header may be slipped in. */
const HEADER_VALUE = /^[\x20-\x7e]*$/;
