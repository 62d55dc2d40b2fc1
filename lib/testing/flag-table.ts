import { type ErrorCode, type EvaluationContext } from '@openfeature/server-sdk';
import { FlagshipError, FlagshipErrorCode } from '../errors';
import { type CompiledFlag, type FlagResolution } from '../evaluation';
import { flagEntries, readFlag } from './read-flag';

type Values = Readonly<Record<string, unknown>>;
type Flags = ReadonlyMap<string, CompiledFlag>;

/** A flag that fails. */
interface Failure {
  readonly code: ErrorCode;
  /** The subjects for whom the flag has been set since. */
  readonly except: Set<string>;
}

/** The flags of one test: for everybody, for single subjects, and the ones that fail. */
export class FlagTable {
  private readonly initial: Flags;
  private flags: Map<string, CompiledFlag>;
  private readonly bySubject = new Map<string, Map<string, CompiledFlag>>();
  private readonly failures = new Map<string, Failure>();
  private readonly touched = new Set<string>();

  /** @throws FlagshipError `CONFIGURATION_ERROR` When a flag is malformed. */
  constructor(values: Values) {
    this.initial = readAll(values, false);
    this.flags = new Map(this.initial);
  }

  /** All of them or, when one is malformed, none. */
  set(values: Values): void {
    const read = readAll(values, false);
    this.place(this.flags, read);
    for (const key of read.keys()) this.failures.delete(key);
  }

  setFor(subject: string, values: Values): void {
    const read = readAll(values, true);
    const flags = this.bySubject.get(subject) ?? new Map<string, CompiledFlag>();
    this.bySubject.set(subject, flags);
    this.place(flags, read);
    for (const key of read.keys()) this.failures.get(key)?.except.add(subject);
  }

  fail(key: string, code: ErrorCode): void {
    this.failures.set(key, { code, except: new Set() });
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

  /** How the flag fails for the subject of this context, if it does. */
  failureOf(key: string, { targetingKey }: EvaluationContext): ErrorCode | undefined {
    const failure = this.failures.get(key);
    const isExcepted = targetingKey !== undefined && failure?.except.has(targetingKey) === true;
    return isExcepted ? undefined : failure?.code;
  }

  /** @throws FlagshipError `FLAG_NOT_FOUND`. */
  evaluate(key: string, context: EvaluationContext): FlagResolution {
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
      this.touched.add(key);
    }
  }
}

function readAll(values: Values, forOneSubject: boolean): Flags {
  return new Map(
    flagEntries(values).map(([key, value]) => [key, readFlag(key, value, forOneSubject)] as const),
  );
}
