import { attributeReader, type AttributeReader, type Attributes, isScalar } from './attribute';
import { expectNumber, expectObject, expectString, malformedAt } from './malformed-flag';
import { murmur3 } from './murmur3';

const QUOTIENTS = Math.ceil(2 ** 32 / 100);

/** The bucket, from 0 up to 100, that a subject falls into for a flag. */
export function bucketOf(subject: string, seed: number): number {
  const hash = murmur3(subject, seed);
  return (hash % 100) + Math.floor(hash / 100) / QUOTIENTS;
}

/** The seed that gives every flag of every account its own order of subjects. */
export function rolloutSeed(accountId: string, flagKey: string): number {
  return murmur3(`${accountId}:${flagKey}`, 0) % 100;
}

/** A rule's share of the subjects. */
export class CompiledRollout {
  /**
   * @param percentage Below 100 serving the rule is a `SPLIT`.
   * @param read Reads the subject.
   * @param seed The flag's; not needed at 100 % or more.
   */
  constructor(
    private readonly percentage: number,
    private readonly read: AttributeReader,
    private readonly seed: number,
  ) {}

  get isSplit(): boolean {
    return this.percentage < 100;
  }

  /** Is the subject of this context in? */
  includes(context: Attributes): boolean {
    const subject = this.read(context);
    if (isScalar(subject)) {
      // At 100 % everybody is in, without hashing.
      return !this.isSplit || bucketOf(String(subject), this.seed) < this.percentage;
    }
    if (subject !== undefined && subject !== null) return false;
    // Nobody to be consistent for: each evaluation draws its own bucket.
    return !this.isSplit || Math.random() * 100 < this.percentage;
  }
}

/** Reads a rule's rollout; the flag's seed is asked for only when hashing is needed. */
export function compileRollout(rollout: unknown, flag: { readonly seed: number }): CompiledRollout {
  const definition = expectObject(rollout, 'rollout');
  try {
    const percentage = expectNumber(definition.percentage, 'percentage');
    const named = definition.attribute === undefined ? '' : expectString(definition.attribute, 'attribute');
    const read = attributeReader(named === '' ? 'targetingKey' : named);
    return new CompiledRollout(percentage, read, percentage < 100 ? flag.seed : 0);
  } catch (error) {
    throw malformedAt('rollout', error);
  }
}
