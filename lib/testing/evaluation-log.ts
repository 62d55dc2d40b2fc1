import { type ErrorCode, type EvaluationContext } from '@openfeature/server-sdk';
import { type FlagType, type JsonValue } from '../options';
import { ownCopy } from '../types';

/** What a flag was asked, and what it answered. */
export interface TestEvaluation {
  readonly flagKey: string;
  /** The type that was asked for: `boolean`, `string`, `number` or `object`. */
  readonly type: FlagType;
  /** The default that was given. */
  readonly defaultValue: JsonValue;
  /** The whole context that was asked for: static, the request's and the call's. */
  readonly context: EvaluationContext;
  /** What was answered. */
  readonly value: JsonValue;
  readonly variant?: string;
  readonly reason?: string;
  readonly errorCode?: ErrorCode;
  readonly errorMessage?: string;
}

/** How many evaluations are kept; a test that runs for hours must not run out of memory. */
export const MAX_EVALUATIONS = 1000;

/** The latest evaluations, oldest first. */
export class EvaluationLog {
  private entries: TestEvaluation[] = [];

  add(evaluation: TestEvaluation): void {
    this.entries.push(copyEvaluation(evaluation));
    // Rarely, and many at a time: dropping them one by one would move all the others each time.
    if (this.entries.length >= 2 * MAX_EVALUATIONS) this.entries = this.entries.slice(-MAX_EVALUATIONS);
  }

  /** A copy for each reader. */
  latest(): TestEvaluation[] {
    return this.entries.slice(-MAX_EVALUATIONS).map(copyEvaluation);
  }

  clear(): void {
    this.entries = [];
  }
}

/** Part by part: one that cannot be copied keeps no other from it. */
function copyEvaluation(evaluation: TestEvaluation): TestEvaluation {
  const { context, defaultValue, value } = evaluation;
  return {
    ...evaluation,
    context: ownCopy(context),
    defaultValue: ownCopy(defaultValue),
    value: ownCopy(value),
  };
}
