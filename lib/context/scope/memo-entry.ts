import { isDeepStrictEqual } from 'node:util';
import { type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { ownCopy } from '../../types';

type Details = EvaluationDetails<JsonValue>;

/**
 * The time for which a scope keeps an evaluation that failed or that resolved with a stale value, in milliseconds. It is
 * long enough for all readers within a request to get the same value and to wait for a failing Flagship once, and short
 * enough for a long job to evaluate again when Flagship has recovered.
 */
export const FAILURE_TTL_MS = 1000;

/** Whether a value is the default of its evaluation; undefined if a single evaluation cannot show it. */
export type DefaultApplied = boolean | undefined;

/** An evaluation that a scope keeps, pending or ended; concurrent readers of a flag await the same one. */
export class MemoEntry {
  /** The details once the evaluation has ended, so that later readers need not await the promise. */
  settled: Details | undefined;
  isDefault: DefaultApplied;
  /** The approximate memory that the entry takes; 0 while the evaluation is pending. */
  bytes = 0;
  private secondEvaluation: Promise<Details | undefined> | undefined;
  private expiresAt = Infinity;

  /**
   * @param details The pending evaluation, which never rejects.
   * @param defaultValue The default that the flag is evaluated with; other readers may pass another one.
   * @param onSettled Called once with the details; returns whether their value is the default.
   */
  constructor(
    readonly details: Promise<Details>,
    readonly defaultValue: JsonValue,
    onSettled: (details: Details) => DefaultApplied,
  ) {
    void details.then((settled) => {
      this.isDefault = onSettled(settled);
      if (settled.errorCode || settled.reason === 'STALE')
        this.expiresAt = performance.now() + FAILURE_TTL_MS;
      this.settled = settled;
    });
  }

  /** Whether the evaluation failed, or was stale, and is too old to be served again. */
  get isExpired(): boolean {
    return this.expiresAt !== Infinity && performance.now() >= this.expiresAt;
  }

  /**
   * Whether the evaluation has ended and its details determine the value for a reader with this default.
   *
   * @param mustKnowDefault Whether the reader needs to know for certain if the value is the default.
   */
  canServe(defaultValue: JsonValue, mustKnowDefault: boolean): boolean {
    if (this.settled === undefined) return false;
    return this.isDefault !== undefined || (!mustKnowDefault && isSameValue(defaultValue, this.defaultValue));
  }

  /** Returns a copy of the value for one more reader, or of the reader's own default if the default applies. */
  valueFor<T extends JsonValue>(defaultValue: T): T {
    return ownCopy(this.isDefault === true ? defaultValue : (this.settled?.value as T));
  }

  /** Returns the details for one more reader, with the value that {@link valueFor} returns. */
  detailsFor<T extends JsonValue>(defaultValue: T): EvaluationDetails<T> {
    return { ...(this.settled as Details), value: this.valueFor(defaultValue) };
  }

  /**
   * Determines whether the value is the default by a second evaluation with another default. Concurrent callers await
   * the same second evaluation.
   *
   * @param evaluate Evaluates the flag with the other default; never rejects.
   * @returns The details of the second evaluation if it failed; undefined if `isDefault` is known afterwards.
   */
  determineDefault(
    otherDefault: JsonValue,
    evaluate: (defaultValue: JsonValue) => Promise<Details>,
  ): Promise<Details | undefined> {
    this.secondEvaluation ??= evaluate(otherDefault).then((details) => this.compare(details, otherDefault));
    return this.secondEvaluation;
  }

  private compare(details: Details, otherDefault: JsonValue): Details | undefined {
    if (details.errorCode) {
      this.secondEvaluation = undefined;
      return details;
    }
    this.isDefault = isSameValue(details.value, otherDefault);
    // If the flag changed between the evaluations, only the second value is known not to be a default, so it is kept.
    if (!this.isDefault && !isSameValue(details.value, this.settled?.value as JsonValue))
      this.settled = details;
    return undefined;
  }
}

/** Whether two values are equal to a reader: NaN equals NaN, and the order of keys is ignored. */
export function isSameValue(one: JsonValue, other: JsonValue): boolean {
  if (one === other || Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object') return false;
  try {
    return isDeepStrictEqual(one, other);
  } catch {
    // An object whose properties cannot be read equals only itself.
    return false;
  }
}
