import { type Attributes } from '../types';
import { attributeReader, type AttributeReader, isScalar } from './attribute';
import { expectNumber, expectObject, expectString, malformedAt } from './malformed-flag';
import { murmur3 } from './murmur3';

/**
 * The number of possible quotients of a 32-bit hash divided by 100. The remainder of the division is the integer part of
 * a bucket, the quotient its fraction.
 */
const QUOTIENTS = Math.ceil(2 ** 32 / 100);

/** Returns the bucket of a subject for a flag: from 0 to below 100. */
export function bucketOf(subject: string, seed: number): number {
  const hash = murmur3(subject, seed);
  return (hash % 100) + Math.floor(hash / 100) / QUOTIENTS;
}

/** Returns the seed of a flag, so that each flag of each account has its own order of subjects. */
export function rolloutSeed(accountId: string, flagKey: string): number {
  return murmur3(`${accountId}:${flagKey}`, 0) % 100;
}

/** A rule's rollout, compiled. */
export class CompiledRollout {
  /**
   * @param percentage Share of the subjects. Below 100 the reason of the rule is `SPLIT`.
   * @param read Reads the subject.
   * @param seed The flag's seed; not used at 100 % or more.
   */
  constructor(
    private readonly percentage: number,
    private readonly read: AttributeReader,
    private readonly seed: number,
  ) {}

  get isSplit(): boolean {
    return this.percentage < 100;
  }

  /** Whether the rollout includes the subject of this context. */
  includes(context: Attributes): boolean {
    const subject = this.read(context);
    if (isScalar(subject)) {
      // At 100 % every subject is included, without hashing.
      return !this.isSplit || bucketOf(String(subject), this.seed) < this.percentage;
    }
    if (subject !== undefined && subject !== null) return false;
    // Without a subject, each evaluation draws a bucket at random.
    return !this.isSplit || Math.random() * 100 < this.percentage;
  }
}

/** Compiles a rule's rollout. Reads the flag's seed only when hashing is needed, because the seed itself is a hash. */
export function compileRollout(rollout: unknown, flag: { readonly seed: number }): CompiledRollout {
  const definition = expectObject(rollout, 'rollout');
  try {
    const percentage = expectNumber(definition.percentage, 'percentage');
    const attribute =
      definition.attribute === undefined ? '' : expectString(definition.attribute, 'attribute');
    const read = attributeReader(attribute === '' ? 'targetingKey' : attribute);
    return new CompiledRollout(percentage, read, percentage < 100 ? flag.seed : 0);
  } catch (error) {
    throw malformedAt('rollout', error);
  }
}
