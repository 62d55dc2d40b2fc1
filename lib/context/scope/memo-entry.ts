import { isDeepStrictEqual } from 'node:util';
import { type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { ownCopy } from '../../types';

type Details = EvaluationDetails<JsonValue>;

/**
 * For how long a scope keeps an evaluation that failed, or whose answer is a stale one in the place of a fresh one, in
 * milliseconds. Long enough for the readers of one request to
 * agree and to wait for a failing Flagship once; short enough for a job that goes on when Flagship is back.
 */
export const FAILURE_TTL_MS = 1000;

/** Whether the value of an answer is the default that it was asked with; undefined where one answer cannot tell. */
export type DefaultApplied = boolean | undefined;

/** An answer, or the promise of one that is under way; parallel readers wait for the same. */
export class MemoEntry {
  /** There once the promise is kept: a later reader need not wait again. */
  settled: Details | undefined;
  isDefault: DefaultApplied;
  /** Roughly what it takes in memory; 0 while it is under way. */
  bytes = 0;
  private second: Promise<Details | undefined> | undefined;
  private expiresAt = Infinity;

  /**
   * @param details The evaluation under way; never rejects.
   * @param defaultValue The default that the flag is evaluated with; other readers bring their own.
   * @param settle Called once with what came out; returns whether that is the default.
   */
  constructor(
    readonly details: Promise<Details>,
    readonly defaultValue: JsonValue,
    settle: (details: Details) => DefaultApplied,
  ) {
    void details.then((ready) => {
      this.isDefault = settle(ready);
      if (ready.errorCode || ready.reason === 'STALE') this.expiresAt = performance.now() + FAILURE_TTL_MS;
      this.settled = ready;
    });
  }

  /** Whether it failed, or was stale, so long ago that the flag has to be evaluated anew: that may have passed. */
  get isExpired(): boolean {
    return this.expiresAt !== Infinity && performance.now() >= this.expiresAt;
  }

  /**
   * Whether the answer is there and says what a reader with this default gets.
   *
   * @param mustKnowDefault Whether the reader has to know that the value is the default, or that it is not.
   */
  canAnswer(defaultValue: JsonValue, mustKnowDefault: boolean): boolean {
    if (this.settled === undefined) return false;
    return this.isDefault !== undefined || (!mustKnowDefault && isSame(defaultValue, this.defaultValue));
  }

  /** The settled value for one more reader: a copy of its own, or its own default where the default applies. */
  valueFor<T extends JsonValue>(defaultValue: T): T {
    return ownCopy(this.isDefault === true ? defaultValue : (this.settled?.value as T));
  }

  /** The settled details for one more reader. */
  detailsFor<T extends JsonValue>(defaultValue: T): EvaluationDetails<T> {
    return { ...(this.settled as Details), value: this.valueFor(defaultValue) };
  }

  /**
   * Finds out whether the value is the default, by a second evaluation with another default. Readers who need to know at
   * the same time wait for the same one.
   *
   * @param evaluate Evaluates the flag with the other default; never rejects.
   * @returns Nothing when `isDefault` is known afterwards; otherwise the details of the failure.
   */
  determineDefault(
    otherDefault: JsonValue,
    evaluate: (defaultValue: JsonValue) => Promise<Details>,
  ): Promise<Details | undefined> {
    this.second ??= evaluate(otherDefault).then((details) => this.compare(details, otherDefault));
    return this.second;
  }

  private compare(details: Details, otherDefault: JsonValue): Details | undefined {
    if (details.errorCode) {
      this.second = undefined;
      return details;
    }
    this.isDefault = isSame(details.value, otherDefault);
    // The flag was changed in between: of the first answer it is not known what it was, of this one it is.
    if (!this.isDefault && !isSame(details.value, this.settled?.value as JsonValue)) this.settled = details;
    return undefined;
  }
}

/** Whether two values are the same to whoever reads them. NaN is NaN, and key order does not matter. */
export function isSame(one: JsonValue, other: JsonValue): boolean {
  if (one === other || Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object') return false;
  try {
    return isDeepStrictEqual(one, other);
  } catch {
    // An object that cannot be read is the same as itself only.
    return false;
  }
}
