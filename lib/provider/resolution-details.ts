import { ErrorCode, type FlagMetadata, type ResolutionDetails } from '@openfeature/server-sdk';
import { copyValue } from '../caching';
import { messageOf } from '../errors';
import { type FlagType, flagTypeOf, type JsonValue } from '../options';
import { type Resolution } from '../sources';
import { ownCopy } from '../types';
import { openFeatureCode } from './error-codes';
import { type Log } from './evaluation-log';

/** Shared by all answers: Flagship has no metadata to tell. */
export const NO_METADATA: FlagMetadata = Object.freeze({});

/** One evaluation as it was asked for. */
export interface EvaluationRequest<T> {
  readonly type: FlagType;
  readonly flagKey: string;
  readonly defaultValue: T;
  /** Nothing where evaluations are not logged. */
  readonly log: Log | undefined;
}

/** What OpenFeature is told of a source's answer. The value is the caller's own, a default that applies too. */
export function resolvedDetails<T>(
  question: EvaluationRequest<T>,
  resolution: Resolution,
): ResolutionDetails<T> {
  const { type, flagKey, defaultValue, log } = question;
  const { value, variant, reason } = resolution;
  // Switched off: the caller's own default rules, and that is no error.
  if (reason === 'DISABLED') {
    log?.debug(`[Flagship] Flag "${flagKey}" leaves the default (DISABLED)`);
    return { value: ownCopy(defaultValue), reason: 'DISABLED', flagMetadata: NO_METADATA };
  }
  const actual = flagTypeOf(value);
  if (actual !== type) {
    const errorMessage = `Flag "${flagKey}" type mismatch: expected ${type}, got ${actual}`;
    log?.warn(`[Flagship] ${errorMessage}`);
    return {
      value: ownCopy(defaultValue),
      reason: 'ERROR',
      errorCode: ErrorCode.TYPE_MISMATCH,
      errorMessage,
    };
  }
  log?.debug(found(flagKey, value, variant, reason));
  return { value: copyValue(value) as T, variant, reason, flagMetadata: NO_METADATA };
}

/** What OpenFeature is told when there is no answer. */
export function errorDetails<T>(
  { flagKey, defaultValue, log }: EvaluationRequest<T>,
  error: unknown,
): ResolutionDetails<T> {
  const errorCode = openFeatureCode(error);
  const errorMessage = messageOf(error);
  log?.error(`[Flagship] Flag "${flagKey}" has no answer (${errorCode}): ${errorMessage}`);
  return { value: ownCopy(defaultValue), reason: 'ERROR', errorCode, errorMessage };
}

function found(flagKey: string, value: JsonValue, variant = 'no variant', reason = 'no reason'): string {
  const shown = typeof value === 'object' ? 'an object' : JSON.stringify(value);
  return `[Flagship] Flag "${flagKey}" is ${shown} (${variant}, ${reason})`;
}
