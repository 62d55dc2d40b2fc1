import { type ErrorCode, type EvaluationContext } from '@openfeature/server-sdk';
import { configurationError, FlagshipError, FlagshipErrorCode } from '../errors';
import { type CompiledFlag, type FlagAnswer } from '../evaluation';
import { readFlag } from './read-flag';

type Values = Readonly<Record<string, unknown>>;
type Flags = ReadonlyMap<string, CompiledFlag>;

/** The flags of one test: for everybody, for single subjects, and the ones that fail. */
export class FlagTable {
  private readonly initial: Flags;
  private flags: Map<string, CompiledFlag>;
  private readonly bySubject = new Map<string, Map<string, CompiledFlag>>();
  private readonly failures = new Map<string, ErrorCode>();
  private readonly touched = new Set<string>();

  /** @throws FlagshipError `CONFIGURATION_ERROR` When a flag is malformed. */
  constructor(values: Values) {
    this.initial = readAll(values, false);
    this.flags = new Map(this.initial);
  }

  /** All of them or, when one is malformed, none. */
  set(values: Values): void {
    this.place(this.flags, readAll(values, false));
  }

  setFor(subject: string, values: Values): void {
    const read = readAll(values, true);
    const flags = this.bySubject.get(subject) ?? new Map<string, CompiledFlag>();
    this.bySubject.set(subject, flags);
    this.place(flags, read);
  }

  fail(key: string, errorCode: ErrorCode): void {
    this.failures.set(key, errorCode);
    this.touched.add(key);
  }

  /** @returns The keys of the flags that may answer differently from now on. */
  reset(): string[] {
    this.flags = new Map(this.initial);
    this.bySubject.clear();
    this.failures.clear();
    const keys = [...this.touched];
    this.touched.clear();
    return keys;
  }

  failureOf(key: string): ErrorCode | undefined {
    return this.failures.get(key);
  }

  /** @throws FlagshipError `FLAG_NOT_FOUND`. */
  evaluate(key: string, context: EvaluationContext): FlagAnswer {
    const { targetingKey } = context;
    const own = targetingKey === undefined ? undefined : this.bySubject.get(targetingKey)?.get(key);
    const flag = own ?? this.flags.get(key);
    if (flag === undefined) {
      throw new FlagshipError(`The test has set no flag "${key}".`, FlagshipErrorCode.FLAG_NOT_FOUND);
    }
    return flag.evaluate(context);
  }

  private place(flags: Map<string, CompiledFlag>, read: Flags): void {
    for (const [key, flag] of read) {
      flags.set(key, flag);
      this.failures.delete(key);
      this.touched.add(key);
    }
  }
}

function readAll(values: Values, forOneSubject: boolean): Flags {
  const given: unknown = values;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw configurationError('the flags of a test must be an object: { "<key>": value }.');
  }
  return new Map(
    Object.entries(values).map(([key, value]) => [key, readFlag(key, value, forOneSubject)] as const),
  );
}
