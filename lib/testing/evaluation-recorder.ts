import { type ErrorCode, type EvaluationContext } from '@openfeature/server-sdk';
import { type FlagType, type JsonValue } from '../options';
import { ownCopy } from '../types';

/** One recorded evaluation of a test's flag. */
export interface TestEvaluation {
  /** The flag's key. */
  readonly flagKey: string;
  /** The requested type: `boolean`, `string`, `number` or `object`. */
  readonly type: FlagType;
  /** The default of the evaluation. */
  readonly defaultValue: JsonValue;
  /** The merged evaluation context: static attributes, those of the request and those of the call. */
  readonly context: EvaluationContext;
  /** The value that the evaluation resolved with. */
  readonly value: JsonValue;
  /** The name of the variation. */
  readonly variant?: string;
  /** The reason, for example `TARGETING_MATCH`. */
  readonly reason?: string;
  /** The error code of a failed evaluation. */
  readonly errorCode?: ErrorCode;
  /** The error message of a failed evaluation. */
  readonly errorMessage?: string;
}

/** The number of evaluations that are kept, so that a test which runs for hours does not run out of memory. */
export const MAX_EVALUATIONS = 1000;

/** The latest evaluations, oldest first. */
export class EvaluationRecorder {
  private entries: TestEvaluation[] = [];

  add(evaluation: TestEvaluation): void {
    this.entries.push(copyEvaluation(evaluation));
    // Removed in blocks, because removing entries one by one would move all others each time.
    if (this.entries.length >= 2 * MAX_EVALUATIONS) this.entries = this.entries.slice(-MAX_EVALUATIONS);
  }

  /** Returns a copy of the latest evaluations. */
  latest(): TestEvaluation[] {
    return this.entries.slice(-MAX_EVALUATIONS).map(copyEvaluation);
  }

  clear(): void {
    this.entries = [];
  }
}

/** Returns a copy, member by member, so that a member which cannot be copied does not prevent copies of the others. */
function copyEvaluation(evaluation: TestEvaluation): TestEvaluation {
  const { context, defaultValue, value } = evaluation;
  return {
    ...evaluation,
    context: ownCopy(context),
    defaultValue: ownCopy(defaultValue),
    value: ownCopy(value),
  };
}
