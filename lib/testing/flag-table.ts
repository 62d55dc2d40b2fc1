import { type ErrorCode, type EvaluationContext } from '@openfeature/server-sdk';
import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type CompiledFlag, type FlagResolution } from '../evaluation';
import { type FlagMetadata } from '../options';
import { flagEntries, compileTestFlag } from './compile-test-flag';

type Values = Readonly<Record<string, unknown>>;
type Flags = ReadonlyMap<string, CompiledFlag>;

/** The error code that a flag fails with. */
interface Failure {
  readonly code: ErrorCode;
  /** The targeting keys for which the flag has been set since. */
  readonly exemptTargetingKeys: Set<string>;
}

/** The flags of one test: the general ones, those set for single targeting keys, and the failing ones. */
export class FlagTable {
  private readonly initial: Flags;
  private flags: Map<string, CompiledFlag>;
  private readonly byTargetingKey = new Map<string, Map<string, CompiledFlag>>();
  private readonly failures = new Map<string, Failure>();
  private readonly changedKeys = new Set<string>();

  /** @throws FlagshipError `CONFIGURATION_ERROR` if a flag is malformed. */
  constructor(values: Values) {
    this.initial = compileFlags(values, false);
    this.flags = new Map(this.initial);
  }

  /** Sets flags for all targeting keys; sets none if one of them is malformed. */
  set(values: Values): void {
    const compiled = compileFlags(values, false);
    this.store(this.flags, compiled);
    for (const key of compiled.keys()) this.failures.delete(key);
  }

  setFor(targetingKey: string, values: Values): void {
    const compiled = compileFlags(values, true);
    const flags = this.byTargetingKey.get(targetingKey) ?? new Map<string, CompiledFlag>();
    this.byTargetingKey.set(targetingKey, flags);
    this.store(flags, compiled);
    for (const key of compiled.keys()) this.failures.get(key)?.exemptTargetingKeys.add(targetingKey);
  }

  fail(key: string, code: ErrorCode): void {
    this.failures.set(key, { code, exemptTargetingKeys: new Set() });
    this.changedKeys.add(key);
  }

  /** Restores the initial flags; returns the keys of the flags whose evaluations may differ from now on. */
  reset(): string[] {
    this.flags = new Map(this.initial);
    this.byTargetingKey.clear();
    this.failures.clear();
    const keys = [...this.changedKeys];
    this.changedKeys.clear();
    return keys;
  }

  /** Returns the error code that the flag fails with under this context; undefined if it does not fail. */
  failureOf(key: string, { targetingKey }: EvaluationContext): ErrorCode | undefined {
    const failure = this.failures.get(key);
    const isExcepted = targetingKey !== undefined && failure?.exemptTargetingKeys.has(targetingKey) === true;
    return isExcepted ? undefined : failure?.code;
  }

  /**
   * Returns the resolution of a flag. A flag set for the context's targeting key takes precedence.
   *
   * @throws FlagshipError `FLAG_NOT_FOUND` if the test has not set the flag.
   */
  evaluate(key: string, context: EvaluationContext): FlagResolution {
    const flag = this.flagFor(key, context);
    if (flag === undefined) {
      throw new FlagshipError(`The test has set no flag "${key}".`, FlagshipErrorCode.FLAG_NOT_FOUND);
    }
    return flag.evaluate(context);
  }

  /** Returns the metadata of a flag, also where its evaluation fails. */
  metadataOf(key: string, context: EvaluationContext): FlagMetadata | undefined {
    return this.flagFor(key, context)?.flagMetadata;
  }

  private flagFor(key: string, { targetingKey }: EvaluationContext): CompiledFlag | undefined {
    const own = targetingKey === undefined ? undefined : this.byTargetingKey.get(targetingKey)?.get(key);
    return own ?? this.flags.get(key);
  }

  private store(flags: Map<string, CompiledFlag>, compiled: Flags): void {
    for (const [key, flag] of compiled) {
      flags.set(key, flag);
      this.changedKeys.add(key);
    }
  }
}

function compileFlags(values: Values, isForOneTargetingKey: boolean): Flags {
  return new Map(
    flagEntries(values).map(
      ([key, value]) => [key, compileTestFlag(key, value, isForOneTargetingKey)] as const,
    ),
  );
}
