import { type EvaluationContext, type EvaluationDetails, type FlagValue } from '@openfeature/server-sdk';
import { canonicalContext } from '../../caching';
import { type FlagType } from '../../options';
import { type MemoEntry } from './memo-entry';
import { approximateBytes } from './approximate-bytes';

/** The contexts that an evaluation merges. Compared by identity, which makes the usual lookup cheap. */
export interface ContextParts {
  readonly api: EvaluationContext;
  readonly transaction: EvaluationContext;
  readonly client: EvaluationContext;
}

/** The number of contexts that a memo keeps, so that a long scope (a job over all users) does not grow without limit. */
const MAX_CONTEXTS = 1000;
/** The approximate memory that all entries of a memo may take, in bytes. */
const MAX_BYTES = 1_000_000;
/** The number of bytes evicted beyond the need when a single context exceeds the limit, so that it happens rarely. */
const FREED_BYTES = MAX_BYTES / 4;
/** The memory that an entry takes beside its key and value: its promise, its details, its place in a map. */
const ENTRY_BYTES = 500;

/** The members of evaluation details that can be large. */
type SizedDetails = Partial<
  Pick<EvaluationDetails<FlagValue>, 'value' | 'variant' | 'errorMessage' | 'flagMetadata'>
>;

function detailsBytes({ value, variant = '', errorMessage = '', flagMetadata }: SizedDetails): number {
  const metadata = flagMetadata === undefined ? 0 : approximateBytes(flagMetadata, MAX_BYTES);
  return approximateBytes(value, MAX_BYTES) + 2 * (variant.length + errorMessage.length) + metadata;
}

/** The evaluations under one evaluation context, by flag type and key. */
export class ContextMemo {
  /** The approximate memory that the entries take. */
  bytes = 0;
  /** Whether the memo has been removed from the scope's, so that no evaluation finds it any more. */
  isEvicted = false;
  private readonly byType: Partial<Record<FlagType, Map<string, MemoEntry>>> = {};

  get(type: FlagType, flagKey: string): MemoEntry | undefined {
    return this.byType[type]?.get(flagKey);
  }

  set(type: FlagType, flagKey: string, entry: MemoEntry): void {
    (this.byType[type] ??= new Map<string, MemoEntry>()).set(flagKey, entry);
  }

  /**
   * Evicts entries, the oldest first, until the given number of bytes is free.
   *
   * @param latest An entry that is kept, as are entries whose evaluation is still pending.
   * @returns The number of bytes that were freed.
   */
  evict(bytes: number, latest: MemoEntry): number {
    let freed = 0;
    for (const entries of Object.values(this.byType)) {
      for (const [flagKey, entry] of entries) {
        if (freed >= bytes) return freed;
        if (entry === latest || entry.bytes === 0) continue;
        entries.delete(flagKey);
        freed += entry.bytes;
      }
    }
    return freed;
  }
}

/** The context of evaluations without attributes of their own, found again by the identity of its parts. */
interface BaseContext extends ContextParts {
  readonly merged: EvaluationContext;
  readonly memo: ContextMemo;
  /** Whether the memo is also indexed by the content of its context. */
  isIndexed: boolean;
}

/** The evaluations within a scope, by evaluation context: a flag is evaluated once per scope, type and context. */
export class EvaluationMemo {
  private base: BaseContext | undefined;
  private byContext: Map<string, ContextMemo> | undefined;
  private bytes = 0;

  /** Returns the merged context, and its memo, for evaluations without attributes of their own. */
  forParts(parts: ContextParts, merge: () => EvaluationContext): Pick<BaseContext, 'merged' | 'memo'> {
    const { base } = this;
    if (base?.api === parts.api && base.transaction === parts.transaction && base.client === parts.client)
      return base;
    const merged = merge();
    // The first context is indexed only when a second one is added: computing its key costs more than the lookup.
    const isIndexed = base !== undefined || this.byContext !== undefined;
    const memo = isIndexed ? this.forContext(merged) : new ContextMemo();
    // Built by a literal instead of spread: V8 adds properties to a spread object slowly.
    const { api, transaction, client } = parts;
    const latest: BaseContext = { api, transaction, client, merged, memo, isIndexed };
    this.base = latest;
    return latest;
  }

  /** Returns the memo of a merged context, found by the context's content. */
  forContext(merged: EvaluationContext): ContextMemo {
    this.indexBase();
    const key = canonicalContext(merged);
    return this.byContext?.get(key) ?? this.index(key, new ContextMemo());
  }

  /** Records the size of an entry whose evaluation has ended; evicts the oldest contexts if the memo is too large. */
  recordSize(memo: ContextMemo, flagKey: string, entry: MemoEntry, details: SizedDetails): void {
    entry.bytes = ENTRY_BYTES + 2 * flagKey.length + detailsBytes(details);
    this.addBytes(memo, entry.bytes);
    if (this.bytes <= MAX_BYTES) return;
    this.evictOldest(memo);
    for (const remaining of [this.base?.memo, memo]) {
      // Reached only if one context alone exceeds the limit; then many entries are evicted at once.
      if (remaining !== undefined && this.bytes > MAX_BYTES)
        this.addBytes(remaining, -remaining.evict(this.bytes - MAX_BYTES + FREED_BYTES, entry));
    }
  }

  private addBytes(memo: ContextMemo, bytes: number): void {
    // An evaluation may end after its context has been evicted, whose bytes no longer count.
    if (memo.isEvicted) return;
    memo.bytes += bytes;
    this.bytes += bytes;
  }

  /** Evicts contexts until the rest fits, or until only the latest and the base context remain. */
  private evictOldest(latest: ContextMemo): void {
    for (const [key, memo] of this.byContext ?? []) {
      if (this.bytes <= MAX_BYTES) return;
      if (memo !== latest && memo !== this.base?.memo) this.evict(key, memo);
    }
  }

  private evict(key: string, memo: ContextMemo): void {
    this.byContext?.delete(key);
    if (memo === this.base?.memo) {
      this.base.isIndexed = false;
      return;
    }
    memo.isEvicted = true;
    this.bytes -= memo.bytes;
  }

  private indexBase(): void {
    if (this.base === undefined || this.base.isIndexed) return;
    this.base.isIndexed = true;
    this.index(canonicalContext(this.base.merged), this.base.memo);
  }

  private index(key: string, memo: ContextMemo): ContextMemo {
    this.byContext ??= new Map<string, ContextMemo>();
    const [oldest] = this.byContext.size < MAX_CONTEXTS ? [] : this.byContext;
    if (oldest !== undefined) this.evict(...oldest);
    this.byContext.set(key, memo);
    this.addBytes(memo, 2 * key.length);
    return memo;
  }
}
