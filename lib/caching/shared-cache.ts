import { isObject } from '../evaluation';
import { flagTypeOf, type JsonValue } from '../options';
import { wallClockMs } from '../runtime';
import { type GuardedStore } from '../store';
import { type ContextDigest } from './context-digest';
import { portableContext } from './canonical-context';
import { type Attributes } from './context-key';
import { copyValue } from './copy-value';
import { type CacheKey } from './memory-cache';

/** Changes whenever what is stored changes its shape: two versions of this package may share a store. */
const VERSION = 1;
/** The clocks of two machines may differ by this much, in milliseconds, before an answer "from the future" is refused. */
const CLOCK_SKEW_MS = 60_000;

/** How much of a flag's key is shown in the store's. */
const MAX_SHOWN_KEY = 100;

/** An answer that some instance has had. */
export interface SharedResolution {
  readonly value: JsonValue;
  readonly variant: string | undefined;
  /** How long ago Flagship answered, in milliseconds. */
  readonly ageMs: number;
}

interface StoredResolution {
  readonly flagKey: string;
  readonly type: string;
  /** Absent where Flagship's answer is not to be kept, which makes an older one wrong. */
  readonly value?: JsonValue;
  readonly variant?: string;
  /** When Flagship gave the answer, in milliseconds since 1970. */
  readonly at: number;
}

/** Writes what Flagship has answered: a value, or that there is none to keep. */
export type WriteShared = (value: JsonValue | undefined, variant?: string) => void;

/** Where the answer to one question is shared. */
export interface SharedEntry {
  /** Never rejects, never takes long. */
  read(): Promise<SharedResolution | undefined>;
  /** Nobody waits for it. */
  readonly write: WriteShared;
}

/** While the store is of no use. */
const UNAVAILABLE: SharedEntry = { read: () => Promise.resolve(undefined), write: () => undefined };

/** Answers that the instances of an application share. */
export class SharedCache {
  /**
   * @param store Where they are kept.
   * @param lifetimeMs How long an answer is of any use, in milliseconds.
   * @param digest Makes keys of contexts.
   * @param salt Sets apart what would be answered otherwise for the same context.
   */
  constructor(
    private readonly store: GuardedStore,
    private readonly lifetimeMs: number,
    private readonly digest: ContextDigest,
    private readonly salt: string,
  ) {}

  /** The context as it is now decides where the answer is kept. */
  entryFor(question: CacheKey, context: Attributes): SharedEntry {
    if (!this.store.isAvailable) return UNAVAILABLE;
    const key = this.keyOf(question, context);
    if (key === undefined) return UNAVAILABLE;
    const { flagKey, type } = question;
    return {
      read: () => this.read(question, key),
      write: (value, variant) => {
        const stored = { flagKey, type, value, variant, at: wallClockMs() };
        this.store.set(key, JSON.stringify(stored), Math.ceil(this.lifetimeMs));
      },
    };
  }

  open(): void {
    this.store.open();
  }

  close(): void {
    this.store.close();
  }

  private async read(question: CacheKey, key: string): Promise<SharedResolution | undefined> {
    const found = await this.store.get(key);
    if (found === undefined) return undefined;
    const stored = parseStored(found, question);
    const age = stored === undefined ? NaN : wallClockMs() - stored.at;
    if (stored === undefined || age < -CLOCK_SKEW_MS) {
      this.store.reportCorruptEntry(
        'what it holds is not what was written there, or comes from a clock that is ahead by more than a minute.',
      );
      return undefined;
    }
    // Without a value: somebody has found that the flag is gone or switched off.
    if (age >= this.lifetimeMs || stored.value === undefined) return undefined;
    return { value: stored.value, variant: stored.variant, ageMs: Math.max(0, age) };
  }

  /** What is in the context is private: only its digest goes into the key. Nothing for one that cannot be shared. */
  private keyOf({ flagKey, type }: CacheKey, context: Attributes): string | undefined {
    const contents = portableContext(context);
    if (contents === undefined) return undefined;
    const digest = this.digest.of(`${JSON.stringify([this.salt, flagKey])}${contents}`);
    // The name is there for people who look into the store; the digest tells flags apart.
    const name = flagKey.replace(/[^\w.-]/g, '_').slice(0, MAX_SHOWN_KEY);
    return `v${VERSION}:${type}:${name}:${digest}`;
  }
}

/** Nothing of a store's answer is believed before its shape has been checked. */
function parseStored(found: unknown, { flagKey, type }: CacheKey): StoredResolution | undefined {
  const parsed = parse(found);
  if (!isObject(parsed) || parsed.flagKey !== flagKey || parsed.type !== type) return undefined;
  const { value, variant, at } = parsed as unknown as StoredResolution;
  const isValid =
    (value === undefined || flagTypeOf(value) === type) &&
    (variant === undefined || typeof variant === 'string') &&
    Number.isFinite(at);
  return isValid ? { flagKey, type, value, variant, at } : undefined;
}

function parse(found: unknown): unknown {
  if (typeof found !== 'string') return undefined;
  try {
    const parsed: unknown = JSON.parse(found);
    // Nested too deep to be handed on: found out here, where nobody is harmed.
    copyValue(parsed as JsonValue);
    return parsed;
  } catch {
    return undefined;
  }
}
