import { attributeReader, isScalar } from './attribute';
import { type Predicate } from './condition';
import { expectNumber, expectObject, expectString } from './malformed-flag';
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

export interface CompiledRollout {
  /** Is the subject of this context in? */
  readonly admits: Predicate;
  /** Below 100 %, so that serving the rule is a `SPLIT`. */
  readonly isSplit: boolean;
}

/** Turns a rule's rollout into a predicate; `seed` is asked for only when hashing is needed. */
export function compileRollout(rollout: unknown, path: string, seed: () => number): CompiledRollout {
  const definition = expectObject(rollout, path);
  const percentage = expectNumber(definition.percentage, `${path}.percentage`);
  const named =
    definition.attribute === undefined ? '' : expectString(definition.attribute, `${path}.attribute`);
  const read = attributeReader(named === '' ? 'targetingKey' : named);
  const isPresentOddity = (subject: unknown) =>
    subject !== undefined && subject !== null && !isScalar(subject);
  if (percentage >= 100) return { isSplit: false, admits: (context) => !isPresentOddity(read(context)) };
  const flagSeed = seed();
  return {
    isSplit: true,
    admits: (context) => {
      const subject = read(context);
      if (isScalar(subject)) return bucketOf(String(subject), flagSeed) < percentage;
      // Nobody to be consistent for: each evaluation draws its own bucket.
      return !isPresentOddity(subject) && Math.random() * 100 < percentage;
    },
  };
}
